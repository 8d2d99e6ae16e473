# For bundled buildpacks (bash): runs a command, its output indented. Ends when the command ends, though a process that it left behind may still hold the
# output open: the reader goes by a mark that follows, and not by the end of the pipe.
indented() {
    local to reader mark code=0
    mark=$'\001'"end-$RANDOM$RANDOM$RANDOM"
    exec {to}> >(exec sed -u -n -e "/$mark\$/q" -e 's/^/       /p')
    reader=$!
    "$@" >&"$to" 2>&1 || code=$?
    printf '%s\n' "$mark" >&"$to"
    exec {to}>&-
    wait "$reader" || true
    return "$code"
}
