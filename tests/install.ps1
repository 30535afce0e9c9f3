# Tests install.ps1 on Windows against a release made by the release scripts and served on this
# machine: a good one is installed, and of any other nothing is left. It needs an administrator,
# for the server's certificate, and Git for Windows, Python and cargo; the test workflow runs it.
#
#   powershell -ExecutionPolicy Bypass -File tests/install.ps1

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$root = Split-Path $PSScriptRoot
$scratch = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
$dist = Join-Path $scratch 'dist'
New-Item -ItemType Directory -Path $dist | Out-Null
$git_folder = Split-Path (Split-Path (Get-Command git).Source)
$bash = Join-Path $git_folder 'bin\bash.exe'

function Invoke-Checked([string] $program) {
    & $program @args
    if ($LASTEXITCODE -ne 0) { throw "$program failed with $LASTEXITCODE" }
}

# Runs a release's installer as its user does, in a process of its own.
function Invoke-Install([string] $url, [string] $folder) {
    $env:GIT_CREDENTIAL_PAT_RELEASE = $url
    $shell = (Get-Process -Id $PID).Path
    # PowerShell makes an error of each line on stderr, and breaks it where it likes.
    $ErrorActionPreference = 'Continue'
    $env:NO_COLOR = '1'
    $said = & $shell -NoProfile -ExecutionPolicy Bypass -File (Join-Path $dist 'install.ps1') `
        -Folder $folder -NoPath -NoConfigure 2>&1 | Out-String
    @{ Failed = ($LASTEXITCODE -ne 0); Said = ($said -replace '[\s|]', '') }
}

function Assert-Refused([string] $what, [string] $url, [string] $message) {
    $folder = Join-Path $scratch 'refused'
    $ran = Invoke-Install $url $folder
    if (-not $ran.Failed) { throw "$what was installed: $($ran.Said)" }
    if ($ran.Said -notlike "*$($message -replace ' ', '')*") { throw "${what}: '$message' was not said: $($ran.Said)" }
    if (Test-Path "$folder*") { throw "${what}: something is left" }
    Write-Host "refused: $what"
}

$server = $null
$certificate = $null
Push-Location $root
try {
    $machine = if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64') { 'aarch64' } else { 'x86_64' }
    Invoke-Checked $bash .github/release/archive.sh "$machine-pc-windows-msvc" ($dist -replace '\\', '/')
    $archive = (Get-ChildItem $dist -Filter '*.zip').FullName

    $key = Join-Path $scratch 'key.pem'
    $pem = Join-Path $scratch 'certificate.pem'
    $options = '-x509', '-newkey', 'rsa:2048', '-noenc', '-days', '2', '-subj', '/CN=localhost',
        '-addext', 'subjectAltName=DNS:localhost', '-keyout', $key, '-out', $pem
    Invoke-Checked (Join-Path $git_folder 'usr\bin\openssl.exe') req @options
    $certificate = Import-Certificate -FilePath $pem -CertStoreLocation Cert:\LocalMachine\Root

    $start = New-Object Diagnostics.ProcessStartInfo 'python'
    $start.Arguments = "tests/it/support/release_server.py `"$dist`" `"$pem`" `"$key`""
    $start.WorkingDirectory = $root
    $start.UseShellExecute = $false
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $server = [Diagnostics.Process]::Start($start)
    $secure, $plain = $server.StandardOutput.ReadLine() -split ' '
    $here = "https://localhost:$secure"
    Invoke-Checked $bash .github/release/checksums.sh ($dist -replace '\\', '/') "$here/release"

    foreach ($way in 'release', 'moved') {
        $folder = Join-Path $scratch "good $way"
        $ran = Invoke-Install "$here/$way" $folder
        if ($ran.Failed) { throw "a good release was refused: $($ran.Said)" }
        Invoke-Checked (Join-Path $folder 'git-credential-pat.exe') --version
        Invoke-Checked (Join-Path $folder 'docker-credential-pat.exe') list
        # Again, over what is there.
        if ((Invoke-Install "$here/$way" $folder).Failed) { throw "it does not install twice" }
    }
    Assert-Refused 'a release without TLS' "http://localhost:$plain/release" 'https address only'
    Assert-Refused 'a redirect to no TLS' "$here/plain" 'https address only'
    Assert-Refused 'a download that was cut off' "$here/short" ''
    if (Test-Path "$dist.log") { throw 'something was asked for without TLS' }

    # An archive that unpacks, but is another one.
    $good = Join-Path $scratch 'good.zip'
    Move-Item $archive $good
    Compress-Archive -Path (Join-Path $root 'README.md') -DestinationPath $archive
    Assert-Refused 'another archive' "$here/release" 'is not what SHA256SUMS says'
    $installer = Get-Content (Join-Path $dist 'install.ps1') -Raw
    Invoke-Checked $bash .github/release/checksums.sh ($dist -replace '\\', '/') "$here/release"
    [IO.File]::WriteAllText((Join-Path $dist 'install.ps1'), $installer)
    Assert-Refused 'other checksums' "$here/release" "not that of this script's release"
    Remove-Item $archive
    Invoke-Checked $bash -c "cd '$($dist -replace '\\', '/')' && : >git-credential-pat-1.0.0-windows-m68k.zip"
    Invoke-Checked $bash .github/release/checksums.sh ($dist -replace '\\', '/') "$here/release"
    Assert-Refused 'a release for other machines' "$here/release" 'has nothing for windows-'
} finally {
    Pop-Location
    if ($server) { $server.Kill() }
    if ($certificate) { Remove-Item "Cert:\LocalMachine\Root\$($certificate.Thumbprint)" }
    Remove-Item $scratch -Recurse -Force -ErrorAction SilentlyContinue
}
Write-Host "install.ps1 holds in PowerShell $($PSVersionTable.PSVersion)"
