#!/bin/sh
# One build, inside its sandbox, as the build's own user: source from standard input to /app, then Heroku's buildpack API.
# What it leaves in /build/out is a tenant's word: the agent reads it as data, size by size.
#
#   /app                the build folder (paths are those of run time)       /env        one file per config var
#   /app/.build-cache   the cache folder; the agent takes it away afterwards  /buildpacks the bundled ones, read-only
#   /build/list          the buildpacks, one a line: kind TAB where TAB ref TAB shown name; empty means "find out"
set -u
umask 022
build=/app cache=/app/.build-cache env=/env out=/build/out

fail() {
    printf '%s\n' "$1" >"$out/failed"
    printf ' !     %s\n' "$1"
    exit 1
}

# A single folder at the top (the archives of git forges) is lifted, unless it is one that an app serves.
lift() (
    cd "$1" || exit 1
    only=$(find . -mindepth 1 -maxdepth 1 ! -name .build-cache)
    case $only in ./public | *'
'*) exit 0 ;; esac
    [ -d "$only" ] && [ ! -L "$only" ] || exit 0
    mv "$only" ".lift.$$" && find ".lift.$$" -mindepth 1 -maxdepth 1 -exec mv {} . \; && rmdir ".lift.$$"
)

source_to_app() {
    case $SLUICE_SOURCE in
    gzip) tar -C $build -xzf - --no-same-owner --no-same-permissions ;;
    *) tar -C $build -xf - --no-same-owner --no-same-permissions ;;
    esac || fail "The source archive cannot be unpacked."
    [ "$SLUICE_LIFT" = 0 ] || lift $build
}

# Patterns as in Heroku's .slugignore: one a line, from the root when they hold a slash, anywhere otherwise; no negation.
slugignore() {
    [ -f .slugignore ] || return 0
    count=0
    while IFS= read -r pattern || [ -n "$pattern" ]; do
        pattern=$(printf %s "$pattern" | sed 's/[[:space:]]*$//; s/^[[:space:]]*//; s,/$,,')
        case $pattern in '' | '#'* | '!'* | *..*) continue ;; esac
        count=$((count + 1))
        case $pattern in
        /*) find . -path ./.build-cache -prune -o -path ".$pattern" -prune -exec rm -rf {} + ;;
        */*) find . -path ./.build-cache -prune -o -path "./$pattern" -prune -exec rm -rf {} + ;;
        *) find . -mindepth 1 -path ./.build-cache -prune -o -name "$pattern" -prune -exec rm -rf {} + ;;
        esac
    done <.slugignore
    printf -- '-----> Removing what .slugignore names (%s patterns)\n' "$count"
}

# Each buildpack gets a folder of its own that it may write to (its `export` file).
fetch() {
    kind=$1 where=$2 ref=$3 pack=$4 shown=$5
    case $kind in
    bundled) cp -R "/buildpacks/$where" "$pack" ;;
    git)
        export GIT_TERMINAL_PROMPT=0 GIT_ALLOW_PROTOCOL=https:http
        if [ -n "$ref" ]; then
            git clone -q --depth 1 --branch "$ref" --end-of-options "$where" "$pack" 2>/dev/null ||
                { rm -rf "$pack" && git clone -q --end-of-options "$where" "$pack" && git -C "$pack" checkout -q --detach "$ref"; }
        else
            git clone -q --depth 1 --end-of-options "$where" "$pack"
        fi
        ;;
    archive)
        mkdir -p "$pack" && curl -fsSL --proto '=https,http' --max-time 120 --max-filesize 268435456 -o "$pack.tgz" --url "$where" &&
            tar -C "$pack" -xzf "$pack.tgz" --no-same-owner && rm "$pack.tgz" && lift "$pack"
        ;;
    esac || fail "The buildpack $shown cannot be fetched: check its address."
}

compile() {
    pack=$1 shown=$2
    [ -f "$pack/bin/compile" ] || fail "$shown is not a buildpack: it has no bin/compile."
    chmod -R u+x "$pack/bin" 2>/dev/null
    "$pack/bin/compile" $build $cache $env </dev/null
    code=$?
    [ $code -eq 0 ] || fail "The compile step of $shown failed with exit code $code."
    last=$pack
}

cd $build || exit 1
mkdir -p $cache $env
source_to_app
slugignore

packs=/tmp/buildpacks
mkdir -p $packs
last=''
tab=$(printf '\t')

if [ -s /build/list ]; then
    n=0
    while IFS="$tab" read -r kind where ref shown <&3; do
        n=$((n + 1))
        [ "$ref" != - ] || ref=''
        printf -- '-----> Using buildpack: %s\n' "$shown"
        fetch "$kind" "$where" "$ref" $packs/$n "$shown"
        if [ -f $packs/$n/bin/detect ]; then
            chmod u+x $packs/$n/bin/detect
            # By a file: what a buildpack leaves running in the background would keep a pipe open.
            $packs/$n/bin/detect $build </dev/null >/tmp/detected || fail "App not compatible with buildpack: $shown"
            name=$(head -c 1000 /tmp/detected)
            printf -- '-----> %s app detected\n' "$name"
        else
            name=$shown
        fi
        printf '%s\n' "$name" >>"$out/names"
        compile $packs/$n "$shown"
        # What a buildpack offers to those after it.
        [ ! -f $packs/$n/export ] || . $packs/$n/export
    done 3</build/list
else
    for found in node python dotnet static procfile; do
        if name=$(/buildpacks/$found/bin/detect $build </dev/null); then
            printf -- '-----> %s app detected\n' "$name"
            fetch bundled $found '' $packs/$found "$found"
            printf '%s\n' $found >"$out/found"
            printf '%s\n' "$name" >>"$out/names"
            [ $found = node ] && shown=heroku/nodejs || shown=heroku/$found
            compile $packs/$found $shown
            break
        fi
    done
    [ -n "$last" ] || fail "No buildpack fits this app: no package.json, requirements.txt, .csproj, index.html or Procfile at its top."
fi

if [ -f "$last/bin/release" ]; then
    chmod u+x "$last/bin/release"
    "$last/bin/release" $build </dev/null >/tmp/released
    code=$?
    [ $code -eq 0 ] || fail "The release step of $shown failed with exit code $code."
    head -c 70000 /tmp/released >"$out/release" || fail "What the release step of $shown says cannot be kept."
fi
find $cache -mindepth 1 -depth -type d -empty -delete 2>/dev/null
# On a full disk half a Procfile would be taken for the whole.
[ ! -f Procfile ] || head -c 70000 Procfile >"$out/Procfile" || fail "The Procfile cannot be kept."
[ ! -f app.json ] || head -c 70000 app.json >"$out/app.json" || fail "The app.json cannot be kept."
: >"$out/done"
