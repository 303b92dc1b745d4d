use super::*;

const ID: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/st";
const TAG: &str = "/subscriptions/s/providers/Microsoft.Authorization/policyAssignments/Tag";

fn read(fields: &str) -> Scenario {
    Scenario::read(&format!(r#"{{"version":1,"title":"x","expect":{{}},{fields}}}"#)).unwrap()
}

fn landed(fields: &str) -> anyhow::Result<Land> {
    land(&read(fields), OffsetDateTime::UNIX_EPOCH + Duration::days(20_000))
}

fn resource(more: &str) -> String {
    format!(r#"{{"id":"{ID}{{n}}","assignment":"{TAG}"{more}}}"#)
}

#[test]
fn resources_are_there_with_an_event_each_and_fail_as_told() {
    let failing =
        r#"{"of":"ST0","end":[{"fail":{"code":"c","message":"m","details":[{"code":"d","message":"n"}]}},"succeed"]}"#;
    let text =
        format!(r#""resources":[{}],"deployments":[{failing}]"#, resource(r#","count":2,"schema":"cloudEvents""#));
    let land = landed(&text).unwrap();
    assert_eq!((land.events.len(), land.estate.records.len()), (2, 2));
    assert_eq!(land.events[1]["subject"], format!("{ID}1"));
    assert_eq!(land.events[1]["specversion"], "1.0");
    assert_ne!(land.events[0]["id"], land.events[1]["id"]);
    let scripts: Vec<usize> = land.estate.records.iter().map(|record| record.script.len()).collect();
    assert_eq!(scripts, [2, 0]);
    let assignment = land.estate.assignment(&ArmId::new(TAG)).unwrap();
    assert!(land.estate.is_remediable(assignment, None, None));
}

#[test]
fn what_no_event_tells_is_there_all_the_same_and_what_comes_later_too() {
    let later = format!(r#""later":[{{"resources":[{}]}}]"#, resource(r#","count":3"#));
    let text = format!(r#""resources":[{}],{later}"#, resource(r#","event":"none","state":"Compliant""#));
    let land = landed(&text).unwrap();
    assert_eq!((land.events.len(), land.estate.records.len()), (0, 3));
    let states: Vec<_> = land.estate.records.iter().map(|record| record.state).collect();
    let (good, bad) = (ComplianceState::Compliant, ComplianceState::NonCompliant);
    assert_eq!(states, [good, bad, bad], "the start counts where it says something");
}

#[test]
fn a_state_that_was_deleted_at_the_start_is_not_there() {
    let text = format!(
        r#""resources":[{},{}]"#,
        resource(r#","secondsAgo":9"#),
        resource(r#","event":"deleted","secondsAgo":5"#)
    );
    let later = format!(r#""later":[{{"resources":[{}]}}]"#, resource(""));
    let land = landed(&format!("{text},{later}")).unwrap();
    assert_eq!((land.events.len(), land.estate.records.len(), land.estate.resources.len()), (2, 0, 1));
}

#[test]
fn the_reference_keeps_its_casing_and_the_initiative_knows_it() {
    let land = landed(&format!(r#""resources":[{}]"#, resource(r#","reference":"Prüfe_Überwachung""#))).unwrap();
    assert_eq!(land.events[0]["data"]["policyDefinitionReferenceId"], "Prüfe_Überwachung");
    assert_eq!(land.estate.initiatives.len(), 1);
}

#[test]
fn the_sample_has_its_events_and_takes_no_further_resources() {
    let land = landed(r#""estate":"sample""#).unwrap();
    assert!(land.events.len() > 200 && land.estate.records.len() > 200);
    assert!(landed(&format!(r#""estate":"sample","resources":[{}]"#, resource(""))).is_err());
}

#[test]
fn deployments_to_nothing_are_an_error() {
    let text = format!(r#""resources":[{}],"deployments":[{{"of":"vault","end":["succeed"]}}]"#, resource(""));
    let words = format!("{:#}", landed(&text).err().unwrap());
    assert!(words.contains("vault"), "{words}");
}
