#!/bin/sh
# Installs the servers that the tests start for themselves, from Debian's packages, where that may be done: as root, or
# with a sudo that asks for no password. Nothing is left running or enabled: the tests start private instances.
# It never fails: what is still missing afterwards, the tests name, and pytest ends with 3.
set -u

missing=""
command -v rabbitmq-server >/dev/null || [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing="$missing rabbitmq-server"
command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
# these are called as their packages
for program in nginx prometheus prometheus-node-exporter prometheus-blackbox-exporter curl jq; do
  command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || missing="$missing $program"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  root=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  root="sudo -n"
else
  echo "tests/servers: not installed and no right to install:$missing (as root: apt-get install$missing)"
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "tests/servers: not installed, and there is no apt-get here:$missing"
  exit 0
fi

# Debian's packages start their services and make a cluster. A policy (unless the machine has its own) and a
# setting prevent both; they go when this script ends.
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.d/amarvote-tests.conf
ours=""
tidy() {
  [ -z "$ours" ] || $root rm -f "$policy"
  case "$missing" in *postgresql*) $root rm -f "$clusters"; $root rmdir --ignore-fail-on-non-empty "${clusters%/*}" ;; esac
}
trap tidy EXIT
trap 'exit 130' INT TERM
if [ ! -e "$policy" ]; then
  ours=yes
  printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
  $root chmod 755 "$policy"
fi
case "$missing" in *postgresql*)
  $root mkdir -p "${clusters%/*}"
  echo 'create_main_cluster = false' | $root tee "$clusters" >/dev/null ;;
esac

echo "tests/servers: installing$missing (once) …"
install() {
  # shellcheck disable=SC2086
  $root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends $missing </dev/null
}
log=$(mktemp)
if install >"$log" 2>&1 || { $root apt-get -qq update >>"$log" 2>&1 && install >>"$log" 2>&1; }; then
  if command -v systemctl >/dev/null; then
    for unit in rabbitmq-server.service epmd.service epmd.socket postgresql.service nginx.service prometheus.service \
      prometheus-node-exporter.service prometheus-blackbox-exporter.service; do
      systemctl --quiet is-active "$unit" 2>/dev/null || $root systemctl --quiet disable "$unit" >/dev/null 2>&1
    done
  fi
else
  echo "tests/servers: apt-get could not install$missing:"
  tail -n 5 "$log"
fi
rm -f "$log"
exit 0
