"""
Every way out of a sandbox that we know of, tried from inside. Prints a line for each, "denied NAME" or "OPEN NAME", then "tried N".

A probe is harmless where it succeeds: it writes back the value that it read, or hands the kernel arguments that no call can use, so that any answer
but "you may not" or "there is no such call" means that the kernel would have done it. Each runs in a process of its own: one that is killed for
trying was denied. What only the one who starts it knows comes in variables:

    PROBE_FILE      a file of the host that everybody there may read
    PROBE_FOLDER    the platform's folder on the host
    PROBE_WORDS     words, comma-separated, that must be nowhere in what the sandbox shows of the host
    PROBE_SOCKET    an abstract Unix socket on which the host listens
    PROBE_PORT      a TCP port on which the host listens, on all its addresses
    PROBE_ADDRESSES addresses with ports, comma-separated, that must not be reached: ADDRESS/PORT
"""
import ctypes
import errno
import mmap
import os
import platform
import resource
import signal
import socket
import stat
import struct
import sys
import threading

libc = ctypes.CDLL(None, use_errno=True)
x64 = platform.machine() == "x86_64"
REFUSED = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EROFS, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.ENOENT, errno.ENXIO}
probes = []


def probe(name):
    def add(attempt):
        probes.append((name, attempt))
        return attempt
    return add


class Denied(Exception):
    pass


def call(numbers, *args, refused=frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS})):
    """A system call by its numbers on x86-64 and arm64; denied with one of the errors that say so, open with any other answer."""
    number = numbers[0 if x64 else 1]
    if number < 0:
        raise Denied("this machine has no such call")
    ctypes.set_errno(0)
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    answer = libc.syscall(ctypes.c_long(number), *words)
    if answer < 0 and ctypes.get_errno() in refused:
        raise Denied(os.strerror(ctypes.get_errno()))
    return answer


def text(of):
    return ctypes.c_char_p(of.encode())


def buffer(size=256):
    return ctypes.create_string_buffer(size)


def same_again(path):
    """Writes a setting back as it is."""
    with open(path) as file:
        value = file.read()
    with open(path, "w") as file:
        file.write(value)


def all_denied(attempts):
    """Open when one of them is."""
    for attempt in attempts:
        try:
            attempt()
        except (OSError, Denied):
            continue
        return
    raise Denied("all of them")


def must(holds, what="so it should be"):
    """The state of things is the wall: open when it does not hold."""
    if holds:
        raise Denied(what)


def status(field):
    with open("/proc/self/status") as file:
        return next(line.split(":")[1].strip() for line in file if line.startswith(field + ":"))


# Who one is

@probe("run as root or as the server outside")
def _():
    must(os.getuid() == 1000 and os.stat("/usr").st_uid != os.getuid(), "what belongs to root of the host belongs to nobody here")

@probe("hold a capability")
def _():
    must(all(int(status(field), 16) == 0 for field in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd")))

@probe("gain privileges by a program's bit")
def _():
    must(status("NoNewPrivs") == "1")

@probe("make calls that no filter looks at")
def _():
    must(status("Seccomp") == "2")

@probe("be in a group of the host")
def _():
    must(set(os.getgroups()) <= {1000, 65534} and len(os.getgroups()) <= 1)

@probe("become root")
def _():
    all_denied([lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgid(0), lambda: os.setgroups([0])])

@probe("give a file to another user")
def _():
    path = f"/tmp/given-{os.getpid()}"
    with open(path, "w"):
        pass
    all_denied([lambda: os.chown(path, 0, 0), lambda: os.chown(path, 1001, 1001)])

# Mounting

@probe("mount a file system in memory")
def _():
    call((165, 40), text("none"), text("/tmp"), text("tmpfs"), 0, None)

@probe("mount the process table again")
def _():
    call((165, 40), text("none"), text("/tmp"), text("proc"), 0, None)

@probe("mount the control groups")
def _():
    call((165, 40), text("none"), text("/tmp"), text("cgroup2"), 0, None)

@probe("bind a folder elsewhere")
def _():
    call((165, 40), text("/"), text("/tmp"), None, 0x1000, None)

@probe("make the root writable")
def _():
    call((165, 40), text("none"), text("/"), None, 0x20 | 0x1000, None)

@probe("take a mount away")
def _():
    call((166, 39), text("/proc"), 4)   # only marks it

@probe("change the root")
def _():
    all_denied([lambda: call((155, 41), text("/"), text("/")), lambda: os.chroot("/")])

@probe("copy a mount")
def _():
    call((428, 428), -100, text("/"), 1)

@probe("move a mount")
def _():
    call((429, 429), -1, text(""), -1, text(""), 4)

@probe("make a file system context")
def _():
    call((430, 430), text("tmpfs"), 0)

@probe("change a mount's attributes")
def _():
    call((442, 442), -100, text("/"), 0, buffer(32), 32)

# Namespaces

def new_namespace(flag):
    return lambda: call((272, 97), flag)

for name, flag in [("user", 0x10000000), ("mount", 0x20000), ("network", 0x40000000), ("process", 0x20000000), ("control group", 0x02000000), ("host name", 0x04000000), ("message", 0x08000000)]:
    probe(f"make a {name} namespace")(new_namespace(flag))

@probe("make a namespace while forking")
def _():
    pid = call((56, 220), 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)

@probe("make a namespace by the newer fork")
def _():
    arguments = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, signal.SIGCHLD)
    pid = call((435, 435), arguments, 88)
    if pid == 0:
        os._exit(0)

@probe("enter a namespace")
def _():
    with open("/proc/1/ns/net") as there:
        call((308, 268), there.fileno(), 0)

# Other processes

@probe("see a process of somebody else")
def _():
    must(all(os.stat(f"/proc/{pid}").st_uid in (1000, 65534) for pid in os.listdir("/proc") if pid.isdigit()))

@probe("see the platform's processes")
def _():
    words = [open(f"/proc/{pid}/cmdline").read().split("\0")[0] for pid in os.listdir("/proc") if pid.isdigit()]
    must(not any(word.endswith("sluice") or "systemd" in word for word in words))

@probe("read what the starter's environment was")
def _():
    must(all(read_or_nothing(f"/proc/{pid}/environ") == b"" for pid in (1,)))

@probe("trace a process")
def _():
    call((101, 117), 0, 0, 0, 0)   # by the one that started this, which does not look

@probe("read another process's memory")
def _():
    call((310, 270), 1, buffer(16), 1, buffer(16), 1, 0)

@probe("write another process's memory")
def _():
    call((311, 271), 1, buffer(16), 1, buffer(16), 1, 0)

@probe("find a process inside that may do more")
def _():
    must(all(may_do_nothing(pid) for pid in os.listdir("/proc") if pid.isdigit()))

def may_do_nothing(pid):
    fields = dict(line.split(":", 1) for line in read_or_nothing(f"/proc/{pid}/status").decode().splitlines())
    return not fields or (fields["Seccomp"].strip() == "2" and fields["NoNewPrivs"].strip() == "1" and int(fields["CapEff"], 16) == 0)

@probe("take a descriptor of another process")
def _():
    call((438, 438), -1, 0, 0)

@probe("compare the kernel's objects")
def _():
    call((312, 272), 1, 1, 0, 0, 0)

@probe("advise another process's memory")
def _():
    call((440, 440), -1, 0, 0, 0, 0)

@probe("move another process's pages")
def _():
    all_denied([lambda: call((279, 239), 1, 0, 0, 0, 0, 0), lambda: call((256, 238), 1, 0, 0, 0)])

@probe("find a file of the platform open")
def _():
    def foreign(fd):
        try:
            kind = os.stat(f"/proc/self/fd/{fd}").st_mode
            where = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            return False
        return (stat.S_ISDIR(kind) or stat.S_ISREG(kind) or stat.S_ISBLK(kind)) and not where.startswith(("/app", "/tmp", "/proc", "/build", "/cache", "/env", "/usr", "/dev/null"))
    must(not any(foreign(fd) for fd in os.listdir("/proc/self/fd")))

# Parts of the kernel that have been ways in

@probe("load a program into the kernel")
def _():
    call((321, 280), 0, buffer(64), 64)

@probe("watch performance events")
def _():
    call((298, 241), buffer(128), 0, -1, -1, 0)

@probe("handle page faults in user space")
def _():
    call((323, 282), 1)

@probe("queue system calls in a ring")
def _():
    call((425, 425), 4, buffer(128))

@probe("use the kernel's key rings")
def _():
    all_denied([lambda: call((250, 219), 1, 0), lambda: call((248, 217), text("user"), text("a"), text("b"), 1, -3), lambda: call((249, 218), text("user"), text("a"), None, 0)])

@probe("open a file by its handle")
def _():
    handle = ctypes.create_string_buffer(struct.pack("Ii", 8, 1) + b"\0" * 8)
    call((304, 265), -100, handle, 0)

@probe("watch a whole file system")
def _():
    call((300, 262), 0x0C, 0)

@probe("make memory executable by its personality")
def _():
    call((135, 92), 0x0400000)

@probe("make a 32-bit call")
def _():
    if not x64:
        raise Denied("this machine has none")
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\x53\xb8\x14\x00\x00\x00\xcd\x80\x5b\xc3")   # push rbx; mov eax, getpid; int 0x80; pop rbx; ret
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()

@probe("make an x32 call")
def _():
    call((0x40000027, -1))

# The machine itself

@probe("load another kernel")
def _():
    all_denied([lambda: call((246, 104), 0, 0, 0, 0xdead), lambda: call((320, 294), -1, -1, 0, 0, 0xdead)])

@probe("load a module")
def _():
    all_denied([lambda: call((175, 105), buffer(8), 8, text("")), lambda: call((313, 273), -1, text(""), 0), lambda: call((176, 106), text("no-such-module"), 0o4000)])

@probe("restart the machine")
def _():
    call((169, 142), 0, 0, 0, 0)

@probe("swap to a file")
def _():
    all_denied([lambda: call((167, 224), text("/no-such-file"), 0), lambda: call((168, 225), text("/no-such-file"))])

@probe("account for processes")
def _():
    call((163, 89), text("/no-such-file"))

@probe("set disk quotas")
def _():
    all_denied([lambda: call((179, 60), 0, None, 0, None), lambda: call((443, 443), -1, 0, 0, None)])

@probe("read the kernel's log")
def _():
    all_denied([lambda: call((103, 116), 3, buffer(256), 256), lambda: open("/dev/kmsg").close(), lambda: open("/proc/kmsg").close()])

@probe("set the clock")
def _():
    wrong = struct.pack("qq", 0, -1)   # no such moment
    all_denied([lambda: call((227, 112), 0, ctypes.create_string_buffer(wrong)), lambda: call((164, 170), ctypes.create_string_buffer(wrong), None), lambda: call((305, 266), 99, buffer(256))])

@probe("reach the machine's ports")
def _():
    all_denied([lambda: call((172, -1), 3), lambda: call((173, -1), 0, 1, 1)])

@probe("hang up the terminal")
def _():
    call((153, 58))

@probe("name the machine")
def _():
    socket.sethostname(socket.gethostname())

@probe("go before all others")
def _():
    all_denied([lambda: os.setpriority(os.PRIO_PROCESS, 0, -5), lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))])

@probe("raise a limit")
def _():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    all_denied([lambda: raise_limit(resource.RLIMIT_NOFILE, hard + 1), lambda: raise_limit(resource.RLIMIT_CORE, 1 << 20), lambda: raise_limit(resource.RLIMIT_FSIZE, 1 << 50)])

def raise_limit(which, to):
    try:
        resource.setrlimit(which, (to, to))
    except ValueError as e:
        raise Denied(str(e))

@probe("raise the likelihood of being ended for want of memory")
def _():
    with open("/proc/1/oom_score_adj", "w") as file:
        file.write("1000")

@probe("lower the likelihood of being ended for want of memory")
def _():
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-1000")

# Settings

for path in ["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/kernel/modprobe", "/proc/sys/vm/overcommit_memory", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv4/conf/all/forwarding", "/proc/sys/fs/protected_symlinks"]:
    probe(f"write {path}")(lambda path=path: same_again(path))

@probe("press the kernel's emergency keys")
def _():
    open("/proc/sysrq-trigger", "a").close()
    must(os.path.samestat(os.stat("/proc/sysrq-trigger"), os.stat("/dev/null")), "it is the null device")

@probe("read where the kernel is in memory")
def _():
    must(all(read_or_nothing(path)[:4096].strip() == b"" for path in ("/proc/kallsyms", "/proc/kcore", "/proc/keys", "/proc/config.gz")))

@probe("change its own limits")
def _():
    groups = [os.path.join(folder, name) for folder, _, names in os.walk("/sys/fs/cgroup") for name in names]
    all_denied([lambda path=path: same_again(path) for path in groups if os.path.basename(path) in ("pids.max", "memory.max", "memory.limit_in_bytes", "cpu.max", "cpu.cfs_quota_us", "memory.oom_control")])

@probe("leave its control group")
def _():
    groups = [os.path.join(folder, name) for folder, _, names in os.walk("/sys/fs/cgroup") for name in names]
    all_denied([lambda path=path: open(path, "r+").close() for path in groups if os.path.basename(path) in ("cgroup.procs", "tasks", "release_agent", "notify_on_release", "cgroup.subtree_control")])

@probe("write to the machine's devices")
def _():
    must(not os.path.exists("/sys/class") and not os.path.exists("/sys/kernel") and not os.path.exists("/sys/firmware"))

# Files

@probe("read a file of the host")
def _():
    path = os.environ.get("PROBE_FILE", "/no-such-file")
    all_denied([lambda way=way: open(way + path).close() for way in ("", "/proc/1/root", "/proc/self/root", "/oldroot", "/newroot", "/..")])

@probe("reach the platform's folder")
def _():
    folder = os.environ.get("PROBE_FOLDER", "/no-such-folder")
    all_denied([lambda way=way: os.listdir(way + folder) for way in ("", "/proc/1/root", "/proc/1/cwd", "/oldroot")])

@probe("read the passwords of the host")
def _():
    all_denied([lambda path=path: open(path).close() for path in ("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/root/.ssh/id_rsa", "/proc/1/root/etc/shadow")])

@probe("follow a link of its own out")
def _():
    links = [os.path.join("/app", name) for name in os.listdir("/app") if os.path.islink(os.path.join("/app", name))]
    all_denied([lambda link=link: open(os.path.join(link, "shadow")).close() for link in links] + [lambda link=link: open(link).close() for link in links])

@probe("write to the stack")
def _():
    all_denied([lambda folder=folder: make_in(folder) for folder in ("/", "/usr", "/usr/bin", "/etc", "/lib", "/dev", "/run", "/home", "/var")]
               + [lambda path=path: open(path, "r+").close() for path in ("/etc/passwd", "/etc/resolv.conf", "/etc/hosts", "/bin/sh")])

def make_in(folder):
    path = os.path.join(folder, f"sluice-probe-{os.getpid()}")
    os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    os.unlink(path)

@probe("make a device")
def _():
    all_denied([lambda kind=kind, place=place: make_device(f"{place}/device-{kind}", kind) for kind in (stat.S_IFBLK, stat.S_IFCHR) for place in ("/tmp", "/app", "/dev/shm")])

def make_device(path, kind):
    os.mknod(path, 0o666 | kind, os.makedev(1, 1))
    os.unlink(path)

@probe("open a device of the machine")
def _():
    kept = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console"}
    found = [name for name in os.listdir("/dev") if name not in kept and (stat.S_ISBLK(os.lstat(f"/dev/{name}").st_mode) or stat.S_ISCHR(os.lstat(f"/dev/{name}").st_mode))]
    must(not found, str(found))

@probe("talk to a service of the host by a socket file")
def _():
    all_denied([lambda path=path: connect_unix(path) for path in (
        "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock", "/run/systemd/private", "/run/dbus/system_bus_socket", "/run/systemd/journal/socket",
        os.environ.get("PROBE_FOLDER", "/no-such-folder") + "/run/agent.sock", os.environ.get("PROBE_FOLDER", "/no-such-folder") + "/run/server.sock")])

@probe("talk to a service of the host by an abstract socket")
def _():
    connect_unix("\0" + os.environ.get("PROBE_SOCKET", "no-such-socket"))

def connect_unix(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.connect(path)

@probe("learn names of the host or of others from the mounts")
def _():
    seen = b"".join(read_or_nothing(f"/proc/{pid}/{name}") for pid in ("self", "1") for name in ("mountinfo", "cgroup", "cmdline", "environ"))
    own = os.environ.get("PROBE_WORDS", "")
    for key in ("PROBE_WORDS", "PROBE_FOLDER", "PROBE_FILE"):
        seen = seen.replace(key.encode() + b"=" + os.environ.get(key, "").encode(), b"")
    must(not any(word.encode() in seen for word in own.split(",") if word))

@probe("find a secret in an environment that is not its own")
def _():
    words = [word.encode() for word in os.environ.get("PROBE_WORDS", "").split(",") if word]
    seen = b"".join(read_or_nothing(f"/proc/{pid}/{name}") for pid in os.listdir("/proc") if pid.isdigit() for name in ("environ", "cmdline"))
    seen = seen.replace(b"PROBE_WORDS=" + os.environ.get("PROBE_WORDS", "").encode(), b"")
    must(not any(word in seen for word in words))

def read_or_nothing(path):
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return b""

# Terminals

@probe("type into the terminal")
def _():
    ours, theirs = os.openpty()
    letter = ctypes.create_string_buffer(b"x")
    all_denied([lambda fd=fd: ioctl(fd, 0x5412, letter) for fd in (theirs, 0)] + [lambda: ioctl(theirs, 0x541C, letter)])

def ioctl(fd, request, argument):
    call((16, 29), fd, request, argument, refused=frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOTTY}))

# The network

def socket_of(family, kind, protocol=0):
    return lambda: socket.socket(family, kind, protocol).close()

for name, family, kind, protocol in [
    ("raw packets", socket.AF_PACKET, socket.SOCK_RAW, 3), ("raw internet packets", socket.AF_INET, socket.SOCK_RAW, 1), ("raw internet 6 packets", socket.AF_INET6, socket.SOCK_RAW, 58), ("the kernel's ciphers", 38, socket.SOCK_SEQPACKET, 0),
    ("the hypervisor", 40, socket.SOCK_STREAM, 0), ("the packet filter", socket.AF_NETLINK, socket.SOCK_RAW, 12), ("the audit log", socket.AF_NETLINK, socket.SOCK_RAW, 9), ("security associations", 15, socket.SOCK_RAW, 2),
    ("express data path", 44, socket.SOCK_RAW, 0), ("bluetooth", 31, socket.SOCK_RAW, 1), ("cluster messages", 30, socket.SOCK_RDM, 0)]:
    probe(f"open a socket for {name}")(socket_of(family, kind, protocol))

@probe("change its network")
def _():
    link = struct.pack("IHHII", 32, 16, 5, 1, 0) + struct.pack("BxHiII", 0, 0, 2, 0, 1)   # RTM_NEWLINK: interface 2 down
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as s:
        s.sendto(link, (0, 0))
        answer = struct.unpack("IHHIIi", s.recv(4096)[:20])
        must(answer[1] == 2 and -answer[5] in (errno.EPERM, errno.EACCES))

def reach(address, port, seconds=1.5):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(seconds)
        s.connect((address, port))

def gateway():
    with open("/proc/net/route") as table:
        for line in table:
            fields = line.split()
            if fields[1] == "00000000" and fields[2] != "00000000":
                return socket.inet_ntoa(struct.pack("<I", int(fields[2], 16)))
    raise Denied("no way out at all")

def none_reached(targets):
    reached = []
    def attempt(address, port):
        try:
            reach(address, port)
            reached.append(address)
        except OSError:
            pass
    threads = [threading.Thread(target=attempt, args=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    must(not reached, str(reached))

def host_port():
    return int(os.environ.get("PROBE_PORT", "22"))

@probe("reach the host by its loopback")
def _():
    none_reached([("127.0.0.1", host_port()), ("127.0.0.2", host_port()), ("::1", host_port()), ("0.0.0.0", host_port())])

@probe("reach the host by its side of the link")
def _():
    none_reached([(gateway(), host_port()), (gateway(), 22), (gateway(), 53)])

@probe("reach the cloud's metadata")
def _():
    none_reached([("169.254.169.254", 80), ("100.100.100.200", 80), ("fd00:ec2::254", 80), ("169.254.170.2", 80)])

@probe("reach a private network")
def _():
    none_reached([("10.0.0.1", 80), ("172.17.0.1", 80), ("192.168.0.1", 80), ("192.168.1.1", 80), ("100.64.0.1", 80), ("198.18.0.1", 80)])

@probe("reach what it was told of: neighbours, databases, other addresses of the host")
def _():
    none_reached([(target.split("/")[0], int(target.split("/")[1])) for target in os.environ.get("PROBE_ADDRESSES", "").split(",") if target])


def outcome(attempt):
    """True when it was denied. In a process of its own, which a filter may kill."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setsid()   # without a terminal there is none to hang up
            attempt()
        except Denied:
            code = 0
        except OSError as e:
            code = 0 if e.errno in REFUSED or isinstance(e, (ConnectionError, TimeoutError, socket.timeout)) else 1
        except BaseException as e:
            print("broken", repr(e), file=sys.stderr)
            code = 2
        os._exit(code)
    _, ended = os.waitpid(pid, 0)
    return ended == 0 or (os.WIFSIGNALED(ended) and os.WTERMSIG(ended) in (signal.SIGSYS, signal.SIGSEGV))   # by the filter; by a kernel that has no 32-bit calls


if __name__ == "__main__":
    for name, attempt in probes:
        print("denied" if outcome(attempt) else "OPEN", name, flush=True)
    print("tried", len(probes), flush=True)
