#!/bin/sh
# Goal: what is linked where: fcli needs libc alone, and nothing that signs
# with a vendor's key is in the agent. Argument: the directory of the programs.
failed=0
said=$(ldd "$1/fcli" | grep -vE 'linux-vdso|libc\.so|ld-linux|/lib.*/ld' )
[ -z "$said" ] || { echo "links: fcli needs more than libc:$said"; failed=1; }
said=$(nm "$1/leaselined" | grep -E ' T (issue|decide|grant|writer)_')
[ -z "$said" ] || { echo "links: the agent holds the authority's: $said"; failed=1; }
# The same question of the authority must find something.
nm "$1/leaseline-authority" | grep -qE ' T issue_' ||
	{ echo "links: issue_* is not found where it must be"; failed=1; }
[ $failed -eq 0 ] && echo "links: fcli links libc alone; no vendor's seal in the agent"
exit $failed
