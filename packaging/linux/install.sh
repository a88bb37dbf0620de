#!/bin/sh
# Add this folder of gradviz to the menu of the desktop: for you, or as root for all users.
#     ./install.sh            link the program, add menu entry, document type and icons
#     ./install.sh --remove   remove them
# The folder stays where it is: move it to its final location first.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
if [ "$(id -u)" -eq 0 ]; then
    bin=/usr/local/bin share=/usr/local/share
else
    bin=$HOME/.local/bin share=${XDG_DATA_HOME:-$HOME/.local/share}
fi

each_file() {
    (cd "$here/share" && find . -type f) | sed 's|^\./||'
}

refresh() {
    for kind in "update-mime-database $share/mime" "update-desktop-database $share/applications" \
        "gtk-update-icon-cache --quiet --ignore-theme-index $share/icons/hicolor"; do
        program=${kind%% *}
        # none of them is required: desktops find the files themselves, some later than others
        if command -v "$program" >/dev/null; then
            # shellcheck disable=SC2086
            (IFS=' '; $program ${kind#* }) >/dev/null 2>&1 || true
        fi
    done
}

if [ "${1:-}" = --remove ]; then
    each_file | while read -r file; do rm -f "$share/$file"; done
    if [ "$(readlink "$bin/gradviz" || true)" = "$here/gradviz" ]; then rm -f "$bin/gradviz"; fi
    refresh
    echo "gradviz is removed from the menu; delete $here to uninstall it"
    exit 0
fi

mkdir -p "$bin"
ln -sf "$here/gradviz" "$bin/gradviz"
each_file | while read -r file; do
    mkdir -p "$share/$(dirname "$file")"
    cp "$here/share/$file" "$share/$file"
done
# the folder of the link may not be on the path of the desktop; special characters are escaped
program=$(printf '%s' "$here/gradviz" | sed 's/["`$\\]/\\\\&/g; s/%/%%/g')
{
    grep -v -e '^Exec=' -e '^TryExec=' "$here/share/applications/gradviz.desktop"
    printf 'Exec="%s" %%f\n' "$program"
} >"$share/applications/gradviz.desktop"
refresh
echo "gradviz is in the menu, and $bin/gradviz starts it"
