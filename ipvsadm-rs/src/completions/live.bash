_ipvsadm_rs_live() {
    # The word and the one before it as blanks part them: readline parts addresses at their colons.
    local line=${COMP_LINE:0:COMP_POINT} cur prev kind
    cur=${line##*[[:space:]]}
    line=${line%"$cur"}
    line=${line%"${line##*[![:space:]]}"}
    prev=${line##*[[:space:]]}
    case $prev in
    -t | --tcp-service) kind=tcp ;;
    -u | --udp-service) kind=udp ;;
    --sctp-service) kind=sctp ;;
    -f | --fwmark-service) kind=fwmark ;;
    -r | --real-server) kind=server ;;
    *)
        _ipvsadm__rs "$@"
        return
        ;;
    esac
    local candidate known='' words
    read -ra words <<<"$line"
    [[ $COMP_WORDBREAKS != *:* || $cur != *:* ]] || known=${cur%"${cur##*:}"}
    COMPREPLY=()
    while IFS= read -r candidate; do
        [[ $candidate != "$cur"* ]] || COMPREPLY+=("${candidate#"$known"}")
    done < <("$1" candidates "$kind" -- "${words[@]}" 2>/dev/null)
}

complete -F _ipvsadm_rs_live -o nosort -o bashdefault -o default ipvsadm-rs
