#!/usr/bin/env bash
# A real S3 server for tests: one Ceph RADOS Gateway over an in-memory store, on loopback.
#   eng/s3-server.sh start DIR PORT   starts it and prints the environment to use it with (bucket not made)
#   eng/s3-server.sh stop DIR         ends its processes and removes DIR
# Needs Debian's ceph-mon, ceph-osd, ceph-common and radosgw, and installs them when it runs as root and they are missing.
set -euo pipefail

usage() { sed -n '2,5p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
command=$1
dir=$2

install_packages() {
  for tool in ceph-mon ceph-osd monmaptool radosgw radosgw-admin; do
    command -v "$tool" >/dev/null && continue
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
      echo "$tool is missing. Install ceph-mon, ceph-osd, ceph-common and radosgw." >&2
      exit 3
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y -qq --no-install-recommends ceph-mon ceph-osd ceph-common radosgw >/dev/null 2>&1 \
      || { apt-get update -qq && apt-get install -y -qq --no-install-recommends ceph-mon ceph-osd ceph-common radosgw >/dev/null; }
    return
  done
}

write_config() {
  cat > "$dir/ceph.conf" <<CONF
[global]
fsid = $1
mon initial members = a
mon host = v1:127.0.0.1:$mon_port
monmap = $dir/monmap
mon data = $dir/mon
mon data avail crit = 0
mon data avail warn = 0
mon tick interval = 1
paxos propose interval = 0.05
paxos min wait = 0.01
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr2 = false
ms bind port min = $((mon_port + 1))
ms bind port max = $((mon_port + 99))
auth cluster required = none
auth service required = none
auth client required = none
run dir = $dir/run
pid file = $dir/run/\$name.pid
admin socket = $dir/run/\$name.asok
log file = $dir/log/\$name.log
mon cluster log file = $dir/log/cluster.log
heartbeat file =
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd numa auto affinity = false
osd max write size = 128
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
rgw frontends = beast endpoint=127.0.0.1:$port
rgw data = $dir/rgw
rgw thread pool size = 32
rgw enable usage log = false
rgw enable ops log = false
rgw enable gc threads = false
rgw enable quota threads = false
rgw dynamic resharding = false
rgw run sync thread = false
CONF
}

# A daemon now and then fails to come up; then all of it is begun again, with other inner ports.
start() {
  install_packages
  local attempt
  for attempt in 1 2 3 4; do
    # The monitor and the store listen too: a free block of ports below those the system gives to clients.
    mon_port=$((20000 + (port + attempt * 7 + RANDOM) % 100 * 100))
    if (exec 3<>"/dev/tcp/127.0.0.1/$mon_port") 2>/dev/null; then continue; fi
    mkdir -p "$dir"/{mon,osd,run,log,rgw}
    dir=$(cd "$dir" && pwd)
    if launch >"$dir/log/start.log" 2>&1; then
      printf 'AWS_ENDPOINT_URL=http://127.0.0.1:%s\nAWS_ACCESS_KEY_ID=TESTKEY\nAWS_SECRET_ACCESS_KEY=TESTSECRET\nAWS_ALLOW_HTTP=true\n' "$port"
      return
    fi
    tail -5 "$dir/log/start.log" >&2 || true
    stop
  done
  echo "the S3 server did not start on port $port" >&2
  exit 1
}

launch() {
  local cluster osd step=(timeout -k 1 15) conf=(-c "$dir/ceph.conf")
  cluster=$(cat /proc/sys/kernel/random/uuid)
  osd=$(cat /proc/sys/kernel/random/uuid)
  write_config "$cluster"
  export CEPH_CONF="$dir/ceph.conf"
  # Joined by &&: "set -e" does not hold inside a condition.
  "${step[@]}" monmaptool --create --clobber --fsid "$cluster" --addv a "[v1:127.0.0.1:$mon_port]" "$dir/monmap" \
    && "${step[@]}" ceph-mon "${conf[@]}" -i a --mkfs --monmap "$dir/monmap" \
    && "${step[@]}" ceph-mon "${conf[@]}" -i a \
    && "${step[@]}" ceph "${conf[@]}" osd new "$osd" 0 \
    && "${step[@]}" ceph-osd "${conf[@]}" -i 0 --mkfs --osd-uuid "$osd" \
    && start_store "${conf[@]}" \
    && "${step[@]}" radosgw-admin "${conf[@]}" user create --uid=test --display-name=test --access-key=TESTKEY --secret-key=TESTSECRET \
    && "${step[@]}" radosgw "${conf[@]}" -n client.rgw.a \
    && wait_for_port
}

# The store's first call to a monitor that is just up is refused now and then ("wrong fsid").
start_store() {
  local _
  for _ in 1 2 3 4 5; do
    if timeout -k 1 15 ceph-osd "$@" -i 0; then return 0; fi
    sleep 0.2
  done
  return 1
}

wait_for_port() {
  local _
  for _ in $(seq 150); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return 0; fi
    sleep 0.1
  done
  return 1
}

stop() {
  local file
  for file in "$dir"/run/*.pid; do
    [ -e "$file" ] && kill -9 "$(cat "$file")" 2>/dev/null || true
  done
  rm -rf "$dir"
}

case $command in
  start)
    [ $# = 3 ] || usage
    port=$3
    start
    ;;
  stop) stop ;;
  *) usage ;;
esac
