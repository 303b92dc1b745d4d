//! Which of the clouds this is a copy of: names and audiences differ, the rest is alike (Microsoft documentation, "National clouds",
//! and what each cloud's Resource Manager tells at `/metadata/endpoints`).

/// A cloud.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cloud {
    /// The public cloud.
    #[default]
    Public,
    /// Azure Government.
    UsGovernment,
    /// Azure operated by 21Vianet.
    China,
}

impl Cloud {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Public, Self::UsGovernment, Self::China];

    /// The one of this name, as the worker's setting `AZURE_CLOUD` has it.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .zip(["public", "usgovernment", "china"])
            .find(|(_, name)| *name == word)
            .map(|(cloud, _)| cloud)
    }

    /// Audiences of the tokens that its Resource Manager accepts, the older one first.
    pub fn resource_manager_audiences(self) -> [&'static str; 2] {
        match self {
            Self::Public => ["https://management.core.windows.net", "https://management.azure.com"],
            Self::UsGovernment => ["https://management.core.usgovcloudapi.net", "https://management.usgovcloudapi.net"],
            Self::China => ["https://management.core.chinacloudapi.cn", "https://management.chinacloudapi.cn"],
        }
    }

    /// What Resource Manager and the Azure CLI call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Public => "AzureCloud",
            Self::UsGovernment => "AzureUSGovernment",
            Self::China => "AzureChinaCloud",
        }
    }

    /// Where people log in.
    pub(crate) fn login(self) -> &'static str {
        match self {
            Self::Public => "https://login.microsoftonline.com",
            Self::UsGovernment => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        }
    }

    /// What the names of its storage accounts end with.
    pub(crate) fn storage_suffix(self) -> &'static str {
        match self {
            Self::Public => "core.windows.net",
            Self::UsGovernment => "core.usgovcloudapi.net",
            Self::China => "core.chinacloudapi.cn",
        }
    }
}
