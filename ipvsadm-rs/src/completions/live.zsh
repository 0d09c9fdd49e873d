_ipvsadm_rs_live() {
    local -a found
    found=("${(@f)$(_call_program candidates ipvsadm-rs candidates $1 -- "${(@q)words[1,CURRENT-1]}" 2>/dev/null)}")
    compadd -- $found
}
