//! How .NET writes a double: the fewest digits that are read as the same number, with an exponent from sixteen places on or
//! behind four zeros.

/// As `ToString` writes it.
pub(super) fn plain(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    // Rust writes the fewest digits, too: `-1.25e-7`.
    let shortest = format!("{number:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits = mantissa.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    // The place of the point, from the left of the digits.
    let point = exponent + 1;
    if point > count.max(15) || point < -3 {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let direction = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{first}{dot}{rest}E{direction}{:02}", exponent.unsigned_abs());
    }
    let at = usize::try_from(point).unwrap_or_default();
    if point <= 0 {
        let zeros = "0".repeat(usize::try_from(-point).unwrap_or_default());
        if digits == "0" { format!("{sign}0") } else { format!("{sign}0.{zeros}{digits}") }
    } else if point >= count {
        format!("{sign}{digits}{}", "0".repeat(at - digits.len()))
    } else {
        format!("{sign}{}.{}", &digits[..at], &digits[at..])
    }
}

/// As JSON has it: what looks whole gets `.0`, and what is no number becomes a text.
pub(super) fn json(number: f64) -> String {
    let text = plain(number);
    if !number.is_finite() {
        format!("\"{text}\"")
    } else if text.contains(['.', 'E']) {
        text
    } else {
        text + ".0"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_dotnet_writes_them() {
        let cases = [
            (1.10, "1.1"),
            (1e3, "1000.0"),
            (1e-7, "1E-07"),
            (0.0001, "0.0001"),
            (0.000_012_5, "1.25E-05"),
            (-0.0, "-0.0"),
            (0.0, "0.0"),
            (1e20, "1E+20"),
            (1e15, "1E+15"),
            (1e14, "100000000000000.0"),
            (1_234_567_890_123_456.0, "1234567890123456.0"),
            (1.5e300, "1.5E+300"),
            (-12.25, "-12.25"),
            (0.300_000_000_000_000_04, "0.30000000000000004"),
            (f64::INFINITY, "\"Infinity\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ];
        for (number, expected) in cases {
            assert_eq!(json(number), expected);
        }
        assert_eq!(plain(1000.0), "1000");
    }
}
