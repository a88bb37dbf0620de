; The installer for Windows: Inno Setup 6 builds it from dist\gradviz after `bootstrap.py bundle`:
;     iscc /DVersion=0.2.0 packaging\windows\gradviz.iss
; It installs for the current user, or with administrator rights for all users.
#ifndef Version
  #error say which version: /DVersion=...
#endif

[Setup]
AppId={{6D2B6C0E-7C1D-4B5C-9B0F-5D1F2A3E9C47}
AppName=gradviz
AppVersion={#Version}
AppPublisher=gradviz
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
ChangesAssociations=yes
Compression=lzma2
DefaultDirName={autopf}\gradviz
DefaultGroupName=gradviz
DisableProgramGroupPage=yes
LicenseFile=..\..\LICENSE
OutputBaseFilename=gradviz-{#Version}-setup
OutputDir=..\..\dist
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
SetupIconFile=..\..\build\icons\gradviz.ico
SolidCompression=yes
UninstallDisplayIcon={app}\gradviz.exe
WizardStyle=modern

[Files]
Source: "..\..\dist\gradviz\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{autoprograms}\gradviz"; Filename: "{app}\gradviz.exe"

[Registry]
; HKA: for the current user or for all users, like the program itself
Root: HKA; Subkey: "Software\Classes\.gradviz"; ValueType: string; ValueData: "gradviz.recording"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\.gradviz"; ValueType: string; ValueName: "Content Type"; ValueData: "application/x-gradviz"
Root: HKA; Subkey: "Software\Classes\gradviz.recording"; ValueType: string; ValueData: "gradviz recording"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\gradviz.recording\DefaultIcon"; ValueType: string; ValueData: "{app}\gradviz.exe,0"
Root: HKA; Subkey: "Software\Classes\gradviz.recording\shell\open\command"; ValueType: string; ValueData: """{app}\gradviz.exe"" ""%1"""

[Run]
Filename: "{app}\gradviz.exe"; Description: "{cm:LaunchProgram,gradviz}"; Flags: nowait postinstall skipifsilent
