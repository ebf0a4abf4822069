#!/bin/sh
# autogen.sh: from a fresh checkout to ./sendoff, and further when asked.
#
#   ./autogen.sh [--no-install] [CONFIGURE-OPTION…]   install what is missing, configure, build
#   ./autogen.sh [--no-install] demo                  that, then the tour with a sandbox account
#   ./autogen.sh [--no-install] check [WORD…]         that, then every test (WORDs: see tests/run)
#
# Running it again does only what is left to do.  Packages are installed on Debian and its
# descendants, through sudo if need be; elsewhere, and with --no-install, their names are
# printed.  A mail server that is there stays as it is, and none is started.  The system's
# configuration is /etc/sendoff/config, unless --sysconfdir says otherwise.
set -eu
cd "$(dirname "$0")"

# What configure looks for, what the tour needs on top, and what the tests need on top.
BUILD_PACKAGES="autoconf automake gcc libc6-dev make pkgconf gettext libglib2.0-dev libdeflate-dev libssl-dev
  libsecret-1-dev libjson-glib-dev libetpan-dev libcurl4-gnutls-dev libarchive-dev"
DEMO_PACKAGES="python3 python3-aiosmtpd python3-cryptography gnome-keyring dbus-daemon
  libglib2.0-bin"
CHECK_PACKAGES="python3-pytest python3-pytest-xdist python3-pytest-timeout python3-gi libsecret-tools msmtp
  mblaze faketime iproute2 nftables strace xz-utils dovecot-imapd dovecot-lmtpd
  cron systemd dbus-user-session mutt s-nail git git-email libmailtools-perl"

say () { echo "autogen: $*" >&2; }
die () { say "$*"; exit 1; }

usage () {
  sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"
  exit "$1"
}

installed () {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing () {
  for package in "$@"; do
    installed "$package" || printf '%s ' "$package"
  done
}

as_root () {
  if [ "$(id -u)" = 0 ]; then env "$@"; else sudo env "$@"; fi
}

apt () {
  as_root DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true apt-get -q \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 --no-install-recommends "$@"
}

# Services that come with a package stay down: now by policy-rc.d, later by being disabled.
install_quietly () {
  policy=/usr/sbin/policy-rc.d
  ours=no
  if [ ! -e "$policy" ]; then
    ours=yes
    # shellcheck disable=SC2016
    as_root sh -c 'printf "#!/bin/sh\nexit 101\n" >"$1" && chmod 755 "$1"' sh "$policy"
    trap 'as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM HUP
  fi
  apt install -y "$@" >&2 || die "apt-get could not install: $*"
  case " $* " in
    *" dovecot"*) as_root update-rc.d dovecot disable >/dev/null 2>&1 || : ;;
  esac
  case " $* " in
    *" cron "*) as_root update-rc.d cron disable >/dev/null 2>&1 || : ;;
  esac
  if [ $ours = yes ]; then as_root rm -f "$policy"; trap - EXIT INT TERM HUP; fi
}

# Installs what is missing of the packages named.
install_packages () {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    [ -e Makefile ] || say "not Debian: these, by the names they have there, are needed:" "$@"
    return 0
  fi
  lacking=$(missing "$@")
  [ -n "$lacking" ] || return 0
  if [ $install = no ]; then
    say "not installed (--no-install): $lacking"
    return 0
  fi
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      die "neither root nor sudo here.  As root: apt-get install --no-install-recommends $lacking"
    say "installing through sudo: $lacking"
  else
    say "installing: $lacking"
  fi
  # The index may be old, or not there at all.
  # shellcheck disable=SC2086
  plan=$(LC_ALL=C apt-get -s --no-install-recommends install $lacking 2>&1) || {
    apt update >&2 || say "apt-get update failed; trying with the index as it is"
    plan=$(LC_ALL=C apt-get -s --no-install-recommends install $lacking 2>&1) ||
      die "apt-get cannot install them: $plan"
  }
  removed=$(echo "$plan" | sed -n 's/^Remv \([^ ]*\).*/\1/p' | tr '\n' ' ')
  [ -z "$removed" ] || die "installing them would remove $removed: not done"
  # shellcheck disable=SC2086
  install_quietly $lacking
}

# The tests run a Postfix of their own, and the mail program of the BSDs.  To install the
# packages would take the place of any other mail server, or bring one, so where they are not
# installed they are unpacked here, and only the libraries they need are installed.
unpack () {
  package=$1 program=$2
  if command -v "$program" >/dev/null || [ -d "build/$package" ] || [ $install = no ] ||
    ! command -v apt-get >/dev/null; then
    return 0
  fi
  say "unpacking $package in build/$package, for the tests alone"
  mkdir -p "build/$package.new"
  (cd "build/$package.new" && apt-get -q download "$package") >&2 ||
    die "apt-get could not download $package"
  dpkg-deb -x "build/$package.new/$package"_*.deb "build/$package.new"
  # shellcheck disable=SC2046
  install_packages $(dpkg-deb -f "build/$package.new/$package"_*.deb Depends |
    tr ',' '\n' | sed -n 's/^ *\(lib[^ ]*\).*/\1/p')
  mv "build/$package.new" "build/$package"
}

install_for () {
  # shellcheck disable=SC2086
  case $1 in
    build) install_packages $BUILD_PACKAGES ;;
    demo) install_packages $BUILD_PACKAGES $DEMO_PACKAGES ;;
    check)
      install_packages $BUILD_PACKAGES $DEMO_PACKAGES $CHECK_PACKAGES
      unpack postfix /usr/sbin/postfix
      unpack bsd-mailx bsd-mailx ;;
  esac
}

stale () {
  [ ! -x configure ] || [ ! -e Makefile.in ] ||
    [ -n "$(find configure.ac Makefile.am -newer configure -print 2>/dev/null)" ]
}

# The places of the system's configuration and outbox are those of the manual, not
# /usr/local/etc and /usr/local/var; whoever names others gets them.
configure () {
  for place in sysconfdir=/etc localstatedir=/var; do
    case " $* " in
      *" --${place%%=*}"[=\ ]*) ;;
      *) set -- "--$place" "$@" ;;
    esac
  done
  ./configure -q "$@"
}

# ./sendoff, with the options given or those of last time.
build () {
  if stale; then
    say "generating configure"
    autoreconf -fi >build-log.tmp 2>&1 || { cat build-log.tmp >&2; exit 1; }
    rm -f build-log.tmp
  fi
  if [ ! -e config.status ] || [ $# -gt 0 ]; then
    say "configuring"
    configure "$@"
  fi
  make -s -j"$(nproc 2>/dev/null || echo 2)"
}

# Warnings are errors for the tests; a build configured otherwise is made anew, once.
# shellcheck disable=SC2120
build_strictly () {
  case $([ ! -e config.status ] || ./config.status --config) in
    *--enable-werror*) build ;;
    "") build --enable-werror ;;
    *)
      eval "set -- $(./config.status --config) --enable-werror"
      build "$@"
      make -s clean
      build ;;
  esac
}

# The same sources with sanitizers, in a folder of their own.  They are taken as `make dist`
# would take them: what a release lacks is missing here too.
build_sanitized () {
  rm -rf build/source
  mkdir -p build/asan
  make -s distdir distdir=build/source
  if [ ! -e build/asan/config.status ]; then
    say "configuring the build with sanitizers"
    (cd build/asan && ../source/configure -q --sysconfdir=/etc --localstatedir=/var \
      --enable-sanitizers --enable-werror CFLAGS="-g1 -O1")
  fi
  make -s -C build/asan -j"$(nproc 2>/dev/null || echo 2)"
}

install=yes
while [ $# -gt 0 ]; do
  case $1 in
    --no-install) install=no; shift ;;
    -h | --help) usage 0 ;;
    *) break ;;
  esac
done

case ${1-} in
  demo)
    [ $# -eq 1 ] || usage 64 >&2
    install_for demo
    build
    exec tests/sandbox/demo ;;
  check)
    shift
    install_for check
    # shellcheck disable=SC2119
    build_strictly
    build_sanitized
    exec tests/run "$@" ;;
  "" | -*)
    install_for build
    build "$@"
    say "built ./sendoff" ;;
  *=*)
    install_for build
    build "$@"
    say "built ./sendoff" ;;
  *) usage 64 >&2 ;;
esac
