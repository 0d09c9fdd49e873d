# SPDX-License-Identifier: GPL-2.0
# Prints what an interactive zsh lists for the last word of a command line, and its line editing.
# usage: zsh -f zsh_complete.zsh COMPLETIONS LINE
zmodload zsh/zpty
export TERM=dumb COLUMNS=200 LINES=500
zpty shell zsh -f -i
zpty -w shell "PS1= RPS1= PS2=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source $1
zstyle ':completion:*' list-separator '#'; zstyle ':completion:*' format ''; LISTMAX=500; bindkey '^G' list-choices; stty -echo columns 200 rows 500; print rea''dy"
until [[ $seen == *ready* ]]; do zpty -r shell line || exit 1; seen+=$line; done
sleep 1
zpty -n -w shell "$2"$'\C-g'
sleep 2
zpty -n -w shell $'\C-u print the\'\'end\n'
while zpty -r shell line; do
	[[ $line != *theend* ]] || break
	print -r -- "$line"
done | tr -d '\r' | sed -e 's/\x1b\[[0-9;?]*[A-Za-z]//g'
zpty -d shell
