#!/bin/sh
# The last step of both kinds of base, run inside it as root: a user without rights, and nothing that is of no use later.
set -eu

echo 'platform:x:1000:' >>/etc/group
echo 'platform:x:1000:1000:Runs every process of the platform:/tmp:/usr/sbin/nologin' >>/etc/passwd

# Files' times are all set to one when the image is written, so Python must not compare them with what it has compiled.
for library in /usr/lib/python3*; do
    [ -d "$library" ] || continue
    find "$library" -name '*.pyc' -delete
    python3 -m compileall -q --invalidation-mode unchecked-hash "$library"
done

# Java's keystore notes when it was written: two bases of the same packages would differ.
if [ -e /etc/ssl/certs/java/cacerts ]; then
    python3 -B /base/even_keystore.py /etc/ssl/certs/java/cacerts 1735689600
fi

# No program of the platform becomes another user.
find / -xdev -type f -perm /6000 -exec chmod ug-s {} +

# The packages' list (/var/lib/dpkg/status) stays: scanners read it. Where they came from, and when, does not.
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/99mmdebstrap \
    /etc/dpkg/dpkg.cfg.d/99mmdebstrap /var/lib/apt/lists/*
rm -rf /var/cache/* /var/log/* /var/lib/dpkg/*-old /etc/*- /etc/machine-id /var/lib/dbus/machine-id ~root/.cache
