# Runs one private server and ends with it: start it, wait for the owner's word on standard input, stop it.
# The owner's end of that pipe closes when the owner dies, also by SIGKILL: then nothing may be left behind.
#
# $1      signal that stops the server in an orderly way
# $2      directory to remove when the owner is gone; its parent too when this was the last one in it
# $3...   the server and its arguments
orderly=$1
directory=$2
shift 2

exec 3<&0
"$@" </dev/null >&2 3<&- &
server=$!

(
    # A line names the signal to stop with, and the owner keeps the directory. No line: the owner is gone.
    if read -r signal <&3; then gone=0; else gone=7 signal=$orderly; fi
    trap '' TERM
    kill -s "$signal" "$server"
    tenths=0
    while kill -0 "$server" && [ "$tenths" -lt 300 ]; do
        sleep 0.1
        tenths=$((tenths + 1))
    done
    kill -s KILL "$server"
    exit "$gone"
) 2>/dev/null &
watcher=$!

wait "$server"
status=$?
# The server ended by itself: the watcher has nothing to watch. After a word or an end of file it ignores this.
kill "$watcher" 2>/dev/null
wait "$watcher"
if [ $? -eq 7 ]; then
    rm -rf -- "$directory"
    home=${directory%/*}
    rm -f -- "$home/lock" "$home/guard.sh"
    rmdir -- "$home" 2>/dev/null
fi
exit "$status"
