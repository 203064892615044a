#!/bin/sh
# SPDX-License-Identifier: ISC
# `make deb`: the packages of these sources in $O/deb, made by Debian's tools
# in a copy, since they want debian/ at its top. Uses O, VERSION, MIB_ROOT.
cd "$(dirname "$0")/../.." || exit 1
to=$O/deb
tree=$to/leaseline-$VERSION
released=$(dpkg-parsechangelog -l agent/debian/changelog -S Version)
[ "$released" = "$VERSION" ] || {
	echo "deb: agent/debian/changelog is of $released, the Makefile of $VERSION" >&2
	exit 1
}
rm -rf "$to" && mkdir -p "$tree" &&
	cp -R .revision LICENSE Makefile README.md agent dashboards exporter \
		license mibs tests "$tree" &&
	cp -R agent/debian "$tree/debian" || exit 1
[ ! -e .git ] || git rev-parse HEAD > "$tree/.revision"
# The make that starts this is not the package's.
unset MAKEFLAGS MAKELEVEL LEASELINE_JOBS B O CC SAN
(cd "$tree" && dpkg-buildpackage -us -uc -b) > "$to/build.log" 2>&1 || {
	tail -n 40 "$to/build.log" >&2
	echo "deb: the build failed; all of it: $to/build.log" >&2
	exit 1
}
rm -rf "$tree"
ls "$to"/*.deb
