# Completion of sendoff's command line for bash (bash-completion loads it when it is needed).
# Commands and options are what the program itself says in --help, ids are what waits.

_sendoff_say()
{
    LC_ALL=C "${COMP_WORDS[0]}" "$@" 2>/dev/null </dev/null
}

# The first column of a list under a heading: "  name   what it does".
_sendoff_names()
{
    _sendoff_say "$@" --help | sed -n '/^\(Commands\|Verbs\):$/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

_sendoff_options()
{
    _sendoff_say "$@" --help | sed -n 's/^  \(-[A-Za-z], \)\{0,1\}\(--[a-z-]*\)\(=\{0,1\}\).*/\2\3/p'
}

# A value of each object of --json about one event.
_sendoff_values()
{
    local event=$1 name=$2
    shift 2
    _sendoff_say --json "$@" | sed -n "/\"event\":\"$event\"/s/.*\"$name\":\"\([^\"]*\)\".*/\1/p"
}

# Which command it is, and which verb; values of the options before it are passed over.
_sendoff_find_command()
{
    local i word
    command=() asked=
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
            --account|--from|--config)
                ((${#command[@]} == 0)) && ((i++))
                [[ ${COMP_WORDS[i]} == "=" ]] && ((i++)) ;;
            -*|"=") ;;
            *)
                if ((${#command[@]} == 0)) || [[ ${#command[@]} == 1 && ${command[0]} == outbox ]]
                then
                    command+=("$word")
                else
                    asked+=" $word"
                fi ;;
        esac
    done
}

_sendoff()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words= asked
    local -a command
    COMPREPLY=()
    [[ $cur == "=" ]] && cur=
    [[ $prev == "=" ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}
    _sendoff_find_command
    case $prev in
        --account) words=$(_sendoff_values account name accounts) ;;
        --state) words="queued sending uncertain held failed sent" ;;
        --preset) words="icloud gmail outlook fastmail smtp" ;;
        --from|--config|--subject|--message|--to|--size|--timeout|-s|-m) return ;;
        *)
            case "${command[*]}" in
                "") words=$(_sendoff_names) ;;
                outbox) words=$(_sendoff_names outbox) ;;
                retry|"outbox show"|"outbox edit"|"outbox hold"|"outbox release"|"outbox remove"|\
                "outbox export")
                    words=$(_sendoff_values entry id outbox list) ;;
                schedule) [[ -z $asked ]] && words="install status remove" ;;
            esac
            [[ $cur == -* ]] && words=$(_sendoff_options "${command[@]}") ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return 0
}

complete -o bashdefault -o default -F _sendoff sendoff
