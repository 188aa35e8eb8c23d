# SPDX-License-Identifier: MIT
# To be sourced: an apt of its own below $out, with Debian's archive key, so that the system's apt and dpkg are not
# touched.
# shellcheck shell=sh disable=SC2016,SC2034,SC2154
key=/usr/share/keyrings/debian-archive-keyring.gpg

# The mirror and release that the system itself uses.
target=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(LABEL)' 'Created-By: Packages' | sort -u |
    sed -n 's/ Debian$//p' | grep -Ev -- '-(updates|backports|security)$' | head -n 1)
[ -n "$target" ] || { echo "apt knows no Debian archive" >&2; exit 1; }
uri=${target% *}
release=${target#* }

# begin ARCHITECTURES SUITE...: from here on, packages come from these.
begin()
{
    apt=$out/apt-$2
    mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/state"
    : > "$apt/status"
    : > "$apt/sources.list"
    architectures=$1
    shift
    for suite in $(printf '%s\n' "$@" | sort -u); do
        echo "deb [signed-by=$key arch=$architectures] $uri $suite main" >> "$apt/sources.list"
    done
    private apt-get update
}

private()
{
    tool=$1
    shift
    "$tool" -qq -o "Dir::State=$apt/state" -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status" \
        -o "Dir::Cache=$apt" -o "Dir::Cache::archives=$apt/archives" -o "Dir::Etc::SourceList=$apt/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o APT::Architecture=amd64 \
        -o 'APT::Architectures::=amd64' -o 'APT::Architectures::=i386' -o APT::Sandbox::User=root "$@"
}
