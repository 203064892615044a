#!/bin/sh
# Goal: the source archive is the same bytes from each clone, and all that it
# takes: without git it builds, knows its commit, and keeps the house rules.
. "$(dirname "$0")/lib.sh"
cd "$ROOT" || exit 1
[ -e .git ] || { echo "no git checkout: there is nothing to archive"; exit 77; }
D=$(mktemp -d "${TMPDIR:-/tmp}/dist.XXXXXX")
trap 'rm -rf "$D"' EXIT
fail() { printf 'dist: %s\n' "$*" >&2; exit 1; }
# The variables of the make that started this are not those of the archive.
unset MAKEFLAGS MAKELEVEL B O LEASELINE_JOBS
quietly() { "$@" > "$D/out" 2>&1 || { cat "$D/out" >&2; fail "$*"; }; }

quietly git clone -q "$ROOT" "$D/one"
quietly git clone -q --depth 1 "file://$D/one" "$D/two"
(umask 077; TZ=Asia/Tokyo LC_ALL=C quietly make -C "$D/one" dist) || exit 1
(umask 002; TZ=UTC quietly make -C "$D/two" dist) || exit 1
archive=$(cd "$D/one/build" && echo *.tar.gz)
cmp "$D/one/build/$archive" "$D/two/build/$archive" || fail "not the same bytes"
# Not only in the same second: the time in it is the commit's.
[ "$(tar tvzf "$D/one/build/$archive" --utc --full-time | awk '{print $4 "T" $5}' |
	sort -u)" = "$(TZ=UTC git -C "$D/one" log -1 \
	--date=format-local:%FT%T --format=%cd)" ] || fail "the time in it"
say "dist: $archive, $(wc -c < "$D/one/build/$archive") bytes, the same from two clones"

tar xzf "$D/one/build/$archive" -C "$D"
cd "$D/${archive%.tar.gz}" || exit 1
mkdir "$D/bin"
printf '#!/bin/sh\nexit 127\n' > "$D/bin/git"
chmod +x "$D/bin/git"
PATH=$D/bin:$PATH
quietly make
git_of() { /usr/bin/git -C "$D/one" rev-parse --short=9 HEAD; }
grep -q "$(git_of)" build/leaselined || fail "it does not know its commit"
quietly make quick
say "dist: without git it builds, $(grep '^unit:' "$D/out" | cut -d: -f2-)"
make dist > "$D/out" 2>&1 && fail "an archive of no checkout"
grep -q "this is none" "$D/out" || fail "dist says $(cat "$D/out")"
