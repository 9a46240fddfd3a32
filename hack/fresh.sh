#!/usr/bin/env bash
# Tries the README's commands on an empty Debian, as root: a minimal system in a
# temporary folder, with the packages and the Go that the README names, a clone
# of what is committed, no cache, and a clean environment.
#
#   hack/fresh.sh [--keep] [--suite NAME] [demo|test|COMMAND]...
#
# demo is `make demo` and `make demo-down`, test is `make test` as in CI; without a
# name both are tried. Each has a system of its own, so that none finds what another
# has installed. Any other COMMAND is run as it is. --keep leaves the systems in
# their folder.
#
# A system has its own processes, mounts and network (through slirp4netns, so that
# nothing is changed on this machine); they end with this script. It shares the
# kernel and its cgroups. The settings by which this machine reaches Debian, the Go
# module proxy and the npm registry are carried over: proxies, mirrors and root
# certificates. FRESH_MIRROR is another mirror of Debian.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$project"
mirror=${FRESH_MIRROR:-http://deb.debian.org/debian}
home=/root/progress-sync

keep= suite= wanted=()
while (($#)); do
	case $1 in
	--keep) keep=yes ;;
	--suite) suite=$2 && shift ;;
	-*) echo "unknown option $1; the head of $0 says what there is" >&2 && exit 2 ;;
	*) wanted+=("$1") ;;
	esac
	shift
done
((${#wanted[@]})) || wanted=(demo test)
if ((EUID)); then
	echo "an empty system is made of mounts and namespaces: run this as root" >&2
	exit 1
fi
go run ./hack/packages fresh
if [[ -z $suite ]]; then
	suite=$(. /etc/os-release && [[ $ID == debian ]] && echo "${VERSION_CODENAME:-}") || true
fi
suite=${suite:-bookworm}

work=$(mktemp -d "${TMPDIR:-/tmp}/progress-sync-fresh-XXXXXX")
chmod 755 "$work" # servers in it run as other users
space= network=

# leave ends all processes of a system; its mounts and its network end with them.
leave() {
	[[ -z $network ]] || kill "$network" 2>/dev/null || true
	[[ -z $space ]] || kill -KILL "$space" 2>/dev/null || true
	wait $network $space 2>/dev/null || true
	space= network=
}

# end removes what outlives a cluster that was killed with its system: cgroups.
end() { # folder
	if [[ -e $1$home/.cache/run/cluster ]]; then
		inside "$1" "cd $home && make demo-down" || true
	fi
}

clean() {
	local code=$?
	trap '' INT TERM
	leave
	for system in "$work"/system-*; do
		end "$system"
	done
	if [[ -n $keep ]]; then
		echo "kept in $work"
	else
		rm -rf --one-file-system "$work"
	fi
	exit "$code"
}
trap clean EXIT
trap 'exit 130' INT TERM

# settings are the lines NAME=value by which this machine reaches registries.
settings() {
	local name
	for name in {http,https,no}_proxy {HTTP,HTTPS,NO}_PROXY SSL_CERT_{FILE,DIR} NODE_EXTRA_CA_CERTS npm_config_{registry,cafile}; do
		[[ -z ${!name:-} ]] || echo "$name=${!name}"
	done
	go env -changed | sed -n -E "s/^((GOPROXY|GOSUMDB|GONOPROXY|GONOSUMDB|GOPRIVATE|GOINSECURE)=)'(.*)'$/\1\3/p"
	[[ ! -e ~/.npmrc ]] || sed -n -E 's/^(registry|cafile) *= */npm_config_\1=/p' ~/.npmrc
}

# enter is process 1 of a system: it makes the folder its root, runs the command
# and waits for whatever that leaves behind.
enter() { # folder, command, NAME=value...
	set -euo pipefail
	local root=$1 command=$2 device
	shift 2
	mount --make-rprivate /
	mount --bind "$root" "$root"
	mount -t proc proc "$root/proc"
	mount -t sysfs sysfs "$root/sys"
	mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
	mount -t tmpfs -o mode=755 tmpfs "$root/run"
	mkdir "$root/run/lock"
	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
	for device in null zero full random urandom tty kmsg; do
		touch "$root/dev/$device"
		mount --bind "/dev/$device" "$root/dev/$device"
	done
	mkdir "$root/dev/pts" "$root/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
	mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
	ln -s /proc/self/fd/0 "$root/dev/stdin"
	ln -s /proc/self/fd/1 "$root/dev/stdout"
	ln -s /proc/self/fd/2 "$root/dev/stderr"
	hostname fresh
	read -r _ # until there is a network
	mkdir "$root/.machine"
	cd "$root"
	pivot_root . .machine
	cd /
	umount --lazy /.machine
	rmdir /.machine
	env --ignore-environment --default-signal=INT,QUIT "$@" HOME=/root USER=root CI=true \
		PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		bash -c "$command" </dev/null &
	wait $!
}

inside() { # folder, command
	local variables result=0
	mapfile -t variables < <(settings)
	rm -f "$work/go" "$work/ready"
	mkfifo "$work/go" "$work/ready"
	unshare --mount --pid --fork --kill-child --net --uts --ipc -- \
		bash -c "$(declare -f enter); enter \"\$@\"" enter "$1" "$2" "${variables[@]}" <"$work/go" &
	space=$!
	exec {go}>"$work/go" # the namespaces are there before it is read
	until [[ $(readlink "/proc/$space/ns/net") != "$(readlink /proc/self/ns/net)" ]]; do
		kill -0 "$space"
		sleep 0.05
	done
	slirp4netns --configure --disable-host-loopback --ready-fd=9 "$space" tap0 9>"$work/ready" >"$work/network.log" 2>&1 &
	network=$!
	read -r -n 1 _ <"$work/ready"
	echo >&"$go"
	exec {go}>&-
	wait "$space" || result=$?
	space=
	leave
	return "$result"
}

summary=()
timed() { # name, folder, command
	local start=$SECONDS result=passed
	echo "--- $1"
	inside "$2" "$3" || result=FAILED
	summary+=("$(printf '%-50s %-7s %5d s' "$1" "$result" $((SECONDS - start)))")
	[[ $result == passed ]]
}

base=$work/base
start=$SECONDS
echo "--- a minimal Debian $suite in $work"
if ! debootstrap --variant=minbase "$suite" "$base" "$mirror" >"$work/debootstrap.log" 2>&1; then
	tail -n 20 "$work/debootstrap.log" >&2
	exit 1
fi
{
	echo "deb $mirror $suite main"
	if [[ $suite != sid && $suite != unstable ]]; then
		echo "deb $mirror $suite-updates main"
		echo "deb ${mirror%/debian}/debian-security $suite-security main"
	fi
} >"$base/etc/apt/sources.list"
apt-config dump | { grep -iE '^Acquire::https?::.*Proxy' || true; } >"$base/etc/apt/apt.conf.d/90machine"
echo "nameserver 10.0.2.3" >"$base/etc/resolv.conf" # slirp4netns's, which asks this machine's
cp -a "$(go env GOROOT)/." "$base/usr/local/go"
git clone --quiet --no-hardlinks "$project" "$base$home"
summary+=("$(printf '%-50s %-7s %5d s' "a minimal Debian $suite" made $((SECONDS - start)))")

install=$(grep -m 1 '^apt-get install ' README.md)
timed "$install" "$base" "export DEBIAN_FRONTEND=noninteractive; { apt-get update && $install; } >/var/log/install.log 2>&1 || { tail -n 20 /var/log/install.log; exit 1; }"
# Roots that this machine trusts besides Debian's.
for file in /etc/ssl/certs/ca-certificates.crt $(settings | sed -n -E 's/^(SSL_CERT_FILE|NODE_EXTRA_CA_CERTS|npm_config_cafile)=//p'); do
	mkdir -p "$base$(dirname "$file")"
	cp -L "$file" "$base$file"
done

failed=0 number=0
for what in "${wanted[@]}"; do
	commands=("$what")
	case $what in
	demo) commands=("make demo" "make demo-down") ;;
	test) commands=("make test") ;;
	esac
	system=$work/system-$((++number))
	cp -a "$base" "$system"
	for command in "${commands[@]}"; do
		if [[ $what == demo || $what == test ]] && ! grep -q "^$command\b" README.md; then
			echo "the README does not name $command" >&2
			exit 1
		fi
		timed "$command" "$system" "cd $home && $command" || failed=1
	done
	end "$system"
	[[ -n $keep ]] || rm -rf --one-file-system "$system"
done

echo
echo "Debian $suite, $(go env GOVERSION), $(nproc) cores, $(git rev-parse --short HEAD)"
printf '%s\n' "${summary[@]}"
exit "$failed"
