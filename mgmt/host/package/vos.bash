# Completion of vos for bash: the candidates are those of VOS's prompt, from the same table of commands.
_vos()
{
    local line=${COMP_LINE#*vos } word=${COMP_WORDS[COMP_CWORD]} point
    point=$((COMP_POINT - (${#COMP_LINE} - ${#line})))
    mapfile -t COMPREPLY < <(vos --complete "vos $line" $((point + 4)) 2>/dev/null)
    if [ ${#COMPREPLY[@]} = 0 ] && [[ $line == upload-image* ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -F _vos vos
