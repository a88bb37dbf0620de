"""What Windows and macOS read from a program: its version, its documents, and how to show it."""

from __future__ import annotations

from typing import Any

IDENTIFIER = "org.gradviz.gradviz"
DOCUMENT = f"{IDENTIFIER}.recording"
MEDIA_TYPE = "application/x-gradviz"
DESCRIPTION = "See why deep networks stop learning"
COPYRIGHT = "MIT licence"
# language 0x0409 (English, United States) in code page 1200 (Unicode)
LANGUAGE, CODE_PAGE = 0x0409, 1200


def windows_version(version: str, name: str) -> Any:
    """Return the version resource of the program `name`.exe, which Explorer shows under Properties."""
    from PyInstaller.utils.win32 import versioninfo as resource

    numbers = tuple(int(part) for part in f"{version}.0".split("."))
    strings = {
        "CompanyName": "gradviz",
        "FileDescription": f"gradviz: {DESCRIPTION[0].lower()}{DESCRIPTION[1:]}",
        "FileVersion": version,
        "InternalName": name,
        "LegalCopyright": COPYRIGHT,
        "OriginalFilename": f"{name}.exe",
        "ProductName": "gradviz",
        "ProductVersion": version,
    }
    table = resource.StringTable(
        f"{LANGUAGE:04x}{CODE_PAGE:04x}", [resource.StringStruct(key, value) for key, value in strings.items()]
    )
    translation = resource.VarStruct("Translation", [LANGUAGE, CODE_PAGE])
    return resource.VSVersionInfo(
        # file type 1: a program; system 0x40004: Windows
        ffi=resource.FixedFileInfo(filevers=numbers, prodvers=numbers, mask=0x3F, OS=0x40004, fileType=0x1),
        kids=[resource.StringFileInfo([table]), resource.VarFileInfo([translation])],
    )


def info_plist(version: str) -> dict[str, Any]:
    """Return the property list of macOS: Retina, dark mode, owner of *.gradviz."""
    return {
        "CFBundleName": "gradviz",
        "CFBundleDisplayName": "gradviz",
        "CFBundleShortVersionString": version,
        "CFBundleVersion": version,
        "NSHumanReadableCopyright": COPYRIGHT,
        "LSApplicationCategoryType": "public.app-category.education",
        # the oldest that Qt 6.10 supports
        "LSMinimumSystemVersion": "13.0",
        "NSHighResolutionCapable": True,
        "NSRequiresAquaSystemAppearance": False,
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": "gradviz recording",
                "CFBundleTypeRole": "Viewer",
                "LSHandlerRank": "Owner",
                "LSItemContentTypes": [DOCUMENT],
            }
        ],
        "UTExportedTypeDeclarations": [
            {
                "UTTypeIdentifier": DOCUMENT,
                "UTTypeDescription": "gradviz recording",
                "UTTypeConformsTo": ["public.data", "public.database"],
                "UTTypeTagSpecification": {
                    "public.filename-extension": ["gradviz"],
                    "public.mime-type": [MEDIA_TYPE],
                },
            }
        ],
    }
