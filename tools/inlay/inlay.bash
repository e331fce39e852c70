# SPDX-License-Identifier: BSL-1.0
# Completion of the program `inlay` for bash. The words come from its own --help, so they cannot differ from it.
_inlay_cpus() {
    mapfile -t COMPREPLY < <(compgen -W "native none x86-64 x86-64-v2 x86-64-v3 x86-64-v4 $(inlay show --cpus 2>/dev/null)" -- "$1")
}
_inlay() {
    local word=${COMP_WORDS[COMP_CWORD]} command= each
    for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $each in -*) ;; *) command=$each; break ;; esac
    done
    if [ -z "$command" ] && [ "${word#-}" = "$word" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(inlay --help 2>/dev/null | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p')" -- "$word")
    elif [ "$command" = show ] && [ "$word" = = ] && [ "${COMP_WORDS[COMP_CWORD-1]}" = --cpu ]; then
        _inlay_cpus ""
    elif [ "$command" = show ] &&
        { [ "${COMP_WORDS[COMP_CWORD-1]}" = --cpu ] || [ "${COMP_WORDS[*]:COMP_CWORD-2:2}" = "--cpu =" ]; }; then
        _inlay_cpus "$word" # "=" is a word of its own
    elif [ "${word#-}" != "$word" ]; then
        # shellcheck disable=SC2086 # no command is no word
        mapfile -t COMPREPLY < <(compgen -W "$(inlay $command --help 2>/dev/null | grep -o -- '^  -[^ ]*' | tr ',' '\n' | tr -d ' ')" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -o filenames -F _inlay inlay
