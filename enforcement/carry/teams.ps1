<#
.SYNOPSIS
Reads or grants a user's dial-out policy in Microsoft Teams, for Fairdial.

.DESCRIPTION
Writes one line of JSON: {"policy": "...", "conferencing": "...", "calling": "..."}. An empty
policy is the one of the whole tenant; the others are the halves of what holds for the user, as
Get-CsOnlineDialOutPolicy has them.
Needs the module MicrosoftTeams and an application that may administer Teams; it signs in
with the certificate named by the environment: FAIRDIAL_TEAMS_TENANT, FAIRDIAL_TEAMS_APP,
FAIRDIAL_TEAMS_CERTIFICATE (thumbprint).
#>
param(
    [Parameter(Mandatory)] [ValidateSet('get', 'set')] [string] $Action,
    [Parameter(Mandatory)] [string] $Identity,
    [string] $PolicyName = ''
)
$ErrorActionPreference = 'Stop'
Connect-MicrosoftTeams -TenantId $env:FAIRDIAL_TEAMS_TENANT -ApplicationId $env:FAIRDIAL_TEAMS_APP `
    -CertificateThumbprint $env:FAIRDIAL_TEAMS_CERTIFICATE | Out-Null
try {
    if ($Action -eq 'set') {
        if ($PolicyName) {
            Grant-CsDialoutPolicy -Identity $Identity -PolicyName $PolicyName
        } else {
            Grant-CsDialoutPolicy -Identity $Identity -PolicyName $null
        }
        @{ policy = $PolicyName } | ConvertTo-Json -Compress
    } else {
        $user = Get-CsOnlineUser -Identity $Identity
        $policy = ''
        if ($user.OnlineDialOutPolicy) { $policy = [string] $user.OnlineDialOutPolicy.Name }
        $holds = Get-CsOnlineDialOutPolicy -Identity $(if ($policy) { $policy } else { 'Global' })
        @{
            policy = $policy
            conferencing = [string] $holds.AllowPSTNConferencingDialOutType
            calling = [string] $holds.AllowPSTNOutboundCallingType
        } | ConvertTo-Json -Compress
    }
} finally {
    Disconnect-MicrosoftTeams | Out-Null
}
