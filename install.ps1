# Installs a release of git-credential-pat on Windows for one user: downloads it by TLS alone,
# checks its digest, puts its folder into the user's PATH, and has it become git's credential
# helper once Credential Manager has kept a test token. No administrator is needed.
#
#   powershell -ExecutionPolicy Bypass -File install.ps1 [-Folder DIR] [-NoPath] [-NoConfigure]
#   powershell -ExecutionPolicy Bypass -File install.ps1 -Uninstall [-Folder DIR]
#
# For Windows PowerShell 5.1 and PowerShell 7. Everything stands in functions and the last line
# calls one: a script that was cut off on its way does nothing at all. An error is thrown, for
# `exit` would close the window of whoever runs this with Invoke-Expression.
param(
    [string] $Folder = (Join-Path $env:LOCALAPPDATA 'Programs\git-credential-pat'),
    [switch] $NoPath,
    [switch] $NoConfigure,
    [switch] $Uninstall
)

# Where the release lies, and the SHA-256 of its SHA256SUMS. Both are written here when a
# release is made; GIT_CREDENTIAL_PAT_RELEASE names another place.
$release = ''
$release_sums = ''

# What is installed.
$installed = 'git-credential-pat.exe', 'docker-credential-pat.exe', 'LICENSE-MIT', 'LICENSE-APACHE'

# A client that goes nowhere by itself: Windows PowerShell would follow a redirect to http.
function New-Client {
    Add-Type -AssemblyName System.Net.Http
    $handler = New-Object System.Net.Http.HttpClientHandler
    $handler.AllowAutoRedirect = $false
    if ($PSVersionTable.PSVersion.Major -lt 6) {
        [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
    } else {
        $handler.SslProtocols = [Security.Authentication.SslProtocols]'Tls12, Tls13'
    }
    New-Object System.Net.Http.HttpClient $handler
}

# Fetches a file of the release.
function Save-File($client, [Uri] $address, [string] $path) {
    foreach ($hop in 1..5) {
        if ($address.Scheme -ne 'https') {
            throw "install.ps1: a release is taken from an https address only; nothing is installed"
        }
        $answer = $client.GetAsync($address).GetAwaiter().GetResult()
        $status = [int] $answer.StatusCode
        if ($status -ge 300 -and $status -le 399 -and $answer.Headers.Location) {
            $address = New-Object Uri $address, $answer.Headers.Location
            continue
        }
        if ($status -ne 200) {
            throw "install.ps1: the download failed with status ${status}: $address; nothing is installed"
        }
        $bytes = $answer.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult()
        [IO.File]::WriteAllBytes($path, $bytes)
        return
    }
    throw "install.ps1: too many redirects; nothing is installed"
}

function Get-Digest([string] $path) {
    (Get-FileHash -Algorithm SHA256 -LiteralPath $path).Hash.ToLowerInvariant()
}

# Downloads the archive for this machine into a folder and checks it; the unpacked folder.
function Receive-Release([string] $from, [string] $scratch) {
    $architecture = $env:PROCESSOR_ARCHITECTURE
    # A 32-bit PowerShell is told so, and what the machine is in another variable.
    if ($env:PROCESSOR_ARCHITEW6432) { $architecture = $env:PROCESSOR_ARCHITEW6432 }
    $machine = switch ($architecture) {
        'AMD64' { 'windows-x86_64' }
        'ARM64' { 'windows-aarch64' }
        default { throw "install.ps1: no release is made for this machine ($architecture)" }
    }
    Write-Host "Downloading git-credential-pat for $machine from $from"
    $client = New-Client
    try {
        $sums = Join-Path $scratch 'SHA256SUMS'
        Save-File $client "$from/SHA256SUMS" $sums
        if ($release_sums -and (Get-Digest $sums) -cne $release_sums) {
            throw "install.ps1: SHA256SUMS is not that of this script's release; nothing is installed"
        }
        $pattern = "^([0-9a-f]{64})  (git-credential-pat-[0-9A-Za-z.+-]+-$machine)\.zip`$"
        $found = @(Get-Content -LiteralPath $sums | Select-String -CaseSensitive -Pattern $pattern)
        if ($found.Count -eq 0) {
            throw "install.ps1: this release has nothing for $machine; nothing is installed"
        }
        $digest = $found[0].Matches[0].Groups[1].Value
        $name = $found[0].Matches[0].Groups[2].Value
        $archive = Join-Path $scratch "$name.zip"
        Save-File $client "$from/$name.zip" $archive
        if ((Get-Digest $archive) -cne $digest) {
            throw "install.ps1: $name.zip is not what SHA256SUMS says; nothing is installed"
        }
    } finally {
        $client.Dispose()
    }
    Expand-Archive -LiteralPath $archive -DestinationPath $scratch
    Join-Path $scratch $name
}

# Puts a file in its place. A program that is running cannot be replaced, but moved
# aside: git may be using the old one this very moment.
function Move-Into([string] $file, [string] $place) {
    $old = "$place.old"
    if (Test-Path -LiteralPath $old) { Remove-Item -LiteralPath $old -ErrorAction SilentlyContinue }
    if (Test-Path -LiteralPath $place) { Move-Item -LiteralPath $place -Destination $old -Force }
    try {
        Move-Item -LiteralPath $file -Destination $place
    } catch {
        if (Test-Path -LiteralPath $old) { Move-Item -LiteralPath $old -Destination $place }
        throw
    }
    if (Test-Path -LiteralPath $old) { Remove-Item -LiteralPath $old -ErrorAction SilentlyContinue }
    Write-Host "  $place"
}

# Adds a folder to the user's PATH, or takes it out. What stands there as %NAME% stays so.
function Set-UserPath([string] $folder, [bool] $wanted) {
    $key = [Microsoft.Win32.Registry]::CurrentUser.OpenSubKey('Environment', $true)
    try {
        $old = $key.GetValue('Path', '', [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
        $folders = @($old -split ';' | Where-Object { $_ -and $_ -ne $folder })
        if ($wanted) { $folders += $folder }
        $new = $folders -join ';'
        $is_there = ($old -split ';') -contains $folder
        if ($is_there -eq $wanted) { return }
        $key.SetValue('Path', $new, [Microsoft.Win32.RegistryValueKind]::ExpandString)
    } finally {
        $key.Dispose()
    }
    # Setting a variable tells the programs that run already; one that is not there stays so.
    [Environment]::SetEnvironmentVariable('GIT_CREDENTIAL_PAT_NONE', $null, 'User')
}

function Install-Release([string] $folder, [bool] $no_path, [bool] $no_configure) {
    $from = if ($env:GIT_CREDENTIAL_PAT_RELEASE) { $env:GIT_CREDENTIAL_PAT_RELEASE } else { $release }
    if (-not $from) {
        throw "install.ps1: this script belongs to no release: run the one of a release"
    }
    # Beside the folder, so that a file is moved there in one step.
    $scratch = "$folder.new-" + [IO.Path]::GetRandomFileName()
    New-Item -ItemType Directory -Path $scratch | Out-Null
    try {
        $unpacked = Receive-Release $from $scratch
        $program = Join-Path $unpacked 'git-credential-pat.exe'
        & $program --version | Out-Null
        if ($LASTEXITCODE -ne 0) {
            throw "install.ps1: the program of this release does not run here; nothing is installed"
        }
        # Under this name it serves docker.
        Copy-Item -LiteralPath $program -Destination (Join-Path $unpacked 'docker-credential-pat.exe')
        Write-Host "Installing"
        New-Item -ItemType Directory -Force -Path $folder | Out-Null
        foreach ($name in $installed) {
            Move-Into (Join-Path $unpacked $name) (Join-Path $folder $name)
        }
    } finally {
        Remove-Item -LiteralPath $scratch -Recurse -Force -ErrorAction SilentlyContinue
    }
    if (-not $no_path) {
        Set-UserPath $folder $true
        if (($env:Path -split ';') -notcontains $folder) { $env:Path = "$env:Path;$folder" }
    }
    if ($no_configure) { return }
    if (-not (Get-Command git -ErrorAction SilentlyContinue)) {
        throw "install.ps1: git is missing: install it, then type: git credential-pat configure"
    }
    & (Join-Path $folder 'git-credential-pat.exe') configure --yes
    if ($LASTEXITCODE -ne 0) {
        throw "install.ps1: the program is installed, git is not configured: mend the cause and type: git credential-pat configure"
    }
    Write-Host ''
    Write-Host 'Next, in a new window: git credential-pat login https://github.com'
}

function Uninstall-Release([string] $folder) {
    $program = Join-Path $folder 'git-credential-pat.exe'
    if ((Test-Path -LiteralPath $program) -and (Get-Command git -ErrorAction SilentlyContinue)) {
        & $program unconfigure --this-program --all --yes
    }
    foreach ($name in $installed) {
        $file = Join-Path $folder $name
        if (Test-Path -LiteralPath $file) { Remove-Item -LiteralPath $file }
    }
    if ((Test-Path -LiteralPath $folder) -and -not (Get-ChildItem -LiteralPath $folder -Force)) {
        Remove-Item -LiteralPath $folder
    }
    Set-UserPath $folder $false
    Write-Host 'Removed. Tokens stay in Credential Manager'
}

function Invoke-Installer {
    Set-StrictMode -Version 3.0
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'
    $path = $ExecutionContext.SessionState.Path
    $place = $path.GetUnresolvedProviderPathFromPSPath($Folder).TrimEnd('\', '/')
    if ($Uninstall) {
        Uninstall-Release $place
    } else {
        Install-Release $place $NoPath.IsPresent $NoConfigure.IsPresent
    }
}

Invoke-Installer
