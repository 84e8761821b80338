"""Kills tiny runs and makes their disk fail, then runs them again: every file must end in the bytes of an undisturbed run.

    make torture                      200 kills, kills at writes, fault points, scenarios
    make torture KILLS=1000 POINTS=all
    python3 Tests/Torture/torture.py --case fault/raster/412/ENOSPC      one case, as a failure names it

Cases:
    moment/EXPERIMENT/SEED            signals at random moments: SIGKILL, twice SIGKILL, SIGTERM, SIGINT, or mixed
    kill/EXPERIMENT/N, tear/…         SIGKILL before the N-th call that writes, or in the middle of it
    fault/EXPERIMENT/N/ERROR          the N-th call fails once (ENOSPC, EIO, EDQUOT, EACCES, or a short transfer)
    fault/EXPERIMENT/N/ERROR/lasting  from then on every call that writes fails: a disk that stays full
    scenario/EXPERIMENT/NAME          see `scenarios`

After a fault the program must end with status 0 and all files right, or with status 1 and one sentence that names a
path; never by a signal, and within the time limit. What is then on the disk must be sound (`overtone verify`), and the
same command must end in the same bytes. Not compared: log.txt, environment.json, PROGRESS and .lock; times in event
files; measured speeds (images a second) in metrics.h5. Needs python3 (standard library only) and a C compiler.
"""
import argparse, concurrent.futures, csv, io, os, random, shutil, signal, subprocess, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EXPERIMENTS = ["masked", "raster", "multi-scale", "frequency"]
ERRORS = ["ENOSPC", "EIO", "EDQUOT", "EACCES", "short"]
IGNORED = {"log.txt", "environment.json", "PROGRESS", ".lock"}
LIMIT = 60  # seconds that a run of one second may take on a busy machine


class Failure(Exception):
    pass


class Bench:
    """The program, the shim, and a reference run of each experiment."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.shim = os.path.join(folder, "faults.so")
        compiler = next((c for c in ("cc", "clang", "gcc") if shutil.which(c)), None)
        if not compiler:
            sys.exit("torture: there is no C compiler; install one (apt-get install gcc).")
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", self.shim, os.path.join(HERE, "faults.c"), "-ldl"],
                       check=True)
        self.calls, self.seconds, self.content = {}, {}, {}

    def environment(self, folder, **settings):
        env = {k: v for k, v in os.environ.items() if not k.startswith("TORTURE_")}
        if settings:
            env["LD_PRELOAD"], env["TORTURE_ROOT"] = self.shim, os.path.join(folder, "Results")
            env.update({f"TORTURE_{k.upper()}": str(v) for k, v in settings.items()})
        return env

    def command(self, experiment):
        file = os.path.join(HERE, "experiments", experiment + ".yaml")
        return [self.program, "run", file, "--quiet", "--threads", "1"]

    def run(self, experiment, folder, **faults):
        """Exit status (negative: a signal) and standard error of a run, in a results folder below `folder`."""
        try:
            done = subprocess.run(self.command(experiment), cwd=folder, env=self.environment(folder, **faults),
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            raise Failure(f"it did not end within {LIMIT} s")
        return done.returncode, done.stderr

    def prepare(self, experiment):
        """Runs an experiment undisturbed; keeps its files, its time, and the calls it makes."""
        folder, log = os.path.join(self.folder, "reference-" + experiment), os.path.join(self.folder, experiment + ".log")
        os.makedirs(folder)
        start = time.monotonic()
        status, errors = self.run(experiment, folder, log=log)
        if status != 0:
            sys.exit(f"torture: the undisturbed run of {experiment} ends with status {status}: {errors}")
        self.seconds[experiment] = time.monotonic() - start
        self.calls[experiment] = [line.split(" ", 2)[1:] for line in open(log).read().splitlines()]
        self.content[experiment] = self.files(folder)

    # What a folder holds.

    def files(self, folder):
        found = {}
        for path, _, names in os.walk(os.path.join(folder, "Results")):
            for name in names:
                if name in IGNORED:
                    continue
                file = os.path.join(path, name)
                key = os.path.relpath(file, folder)
                if "tfevents" in name and ".tmp." not in name:
                    # The name holds a time.
                    key = os.path.join(os.path.dirname(key), "events")
                    found[key] = found.get(key, []) + [events(open(file, "rb").read())]
                elif name == "metrics.h5":
                    found[key] = self.metrics(file)
                else:
                    found[key] = open(file, "rb").read()
        return found

    def metrics(self, file):
        """The columns of a metrics file but for measured speeds."""
        table = file + ".csv"
        done = subprocess.run([self.program, "export", file, table], capture_output=True, text=True, env=self.environment(""))
        if done.returncode != 0:
            return done.stderr
        rows = list(csv.reader(io.StringIO(open(table).read())))
        os.unlink(table)
        kept = [i for i, name in enumerate(rows[0]) if "per-second" not in name]
        return [[row[i] for i in kept] for row in rows]

    def compare(self, experiment, folder):
        ours, theirs = self.files(folder), self.content[experiment]
        bad = [f"{k} is missing" for k in theirs if k not in ours] + [f"{k} is left over" for k in ours if k not in theirs]
        bad += [f"{k} differs" for k in theirs if k in ours and ours[k] != theirs[k]]
        if bad:
            raise Failure("; ".join(sorted(bad)[:4]))

    def sound(self, folder):
        """Nothing half is under a final name."""
        if not any(name.endswith((".h5", ".png")) for _, _, names in os.walk(folder) for name in names):
            return
        done = subprocess.run([self.program, "verify", "Results"], cwd=folder, capture_output=True, text=True,
                              env=self.environment(""))
        bad = [line for line in (done.stdout + done.stderr).splitlines() if any(
            word in line for word in ("cannot be read", "cut short", "changed", "damaged", "empty", "go back", "Trace"))]
        if bad or done.returncode < 0:
            raise Failure(f"verify ({done.returncode}): " + "; ".join(bad[:2]))

    # Cases.

    def case(self, name):
        """Runs one case; returns what became of the disturbed run, throws `Failure`."""
        kind, experiment, *more = name.split("/")
        folder = tempfile.mkdtemp(prefix=name.replace("/", "-") + "-", dir=self.folder)
        try:
            outcome = getattr(self, "run_" + kind)(experiment, folder, *more)
            shutil.rmtree(folder, ignore_errors=True)
            return outcome
        except Failure as failure:
            raise Failure(f"{name}: {failure} (files: {folder})")

    def again(self, experiment, folder):
        status, errors = self.run(experiment, folder)
        if status != 0:
            raise Failure(f"the run that follows ends with status {status}: {errors.strip()[-300:]}")
        self.compare(experiment, folder)

    def ended(self, status, errors, folder):
        """A disturbed run ended as it may: done, or with one sentence."""
        # A log that cannot be written is mentioned once, and the run goes on.
        lines = [line for line in errors.strip().splitlines() if not line.endswith("the run goes on without it.")]
        if status not in (0, 1):
            raise Failure(f"status {status}: {errors.strip()[-300:]}")
        if status == 1 and (len(lines) != 1 or not lines[0].startswith("error: ") or "Results" not in lines[0]):
            raise Failure(f"status 1, and the standard error is not one sentence with a path: {errors.strip()[-300:]!r}")

    def run_fault(self, experiment, folder, number, error, lasting=None):
        more = {"lasting": 1} if lasting else {}
        status, errors = self.run(experiment, folder, at=number, fault=error, **more)
        self.ended(status, errors, folder)
        if status == 0:
            self.compare(experiment, folder)
            return "went on"
        self.sound(folder)
        self.again(experiment, folder)
        return "one sentence"

    def run_kill(self, experiment, folder, number, fault="kill"):
        status, errors = self.run(experiment, folder, at=number, fault=fault, calls="writes")
        if status != -signal.SIGKILL:
            self.compare(experiment, folder)
            return "not hit"
        self.sound(folder)
        self.again(experiment, folder)
        return "killed"

    def run_tear(self, experiment, folder, number):
        return self.run_kill(experiment, folder, number, "tear")

    def run_moment(self, experiment, folder, seed):
        chance = random.Random(f"{experiment} {seed}")
        plan = chance.choice([[9], [9], [9], [9, 9], [15], [2], [9, 15], [2, 9], [15, 9, 2]])
        hits = 0
        for number in plan:
            process = subprocess.Popen(self.command(experiment), cwd=folder, env=self.environment(""),
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            try:
                process.wait(chance.random() * self.seconds[experiment])
            except subprocess.TimeoutExpired:
                process.send_signal(number)
            try:
                status = process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise Failure(f"signal {number} did not end it within {LIMIT} s")
            finally:
                process.stderr.close()
            # Before the program listens, a signal ends it at once.
            if status not in (0, 75, -number):
                raise Failure(f"signal {number} ended it with status {status}")
            hits += status != 0
        self.sound(folder)
        self.again(experiment, folder)
        return f"{hits} hits"

    def run_scenario(self, experiment, folder, name):
        from scenarios import scenarios
        return scenarios[name](self, experiment, folder)


def events(data):
    """The messages of a TensorBoard file without times and speeds, after the two that begin it."""
    found, at = [], 0
    while at + 12 <= len(data):
        size = int.from_bytes(data[at:at + 8], "little")
        message = data[at + 12:at + 12 + size]
        at += size + 16
        found.append((message[9:11], len(message)) if b"per-second" in message else message[9:])
    return found[2:] + ([] if at == len(data) else ["cut short"])


def sample(calls, chance, most):
    """Numbers of calls: of calls of one kind on one file in a row the first, the last, and some between."""
    numbers, start = [], 0
    for i in range(1, len(calls) + 1):
        if i == len(calls) or calls[i] != calls[start]:
            rest = range(start + 1, i - 1)
            numbers += {start, i - 1} | set(chance.sample(rest, min(most, len(rest))))
            start = i
    return sorted(n + 1 for n in numbers)


def cases(bench, options, experiments):
    chance, found = random.Random(options.seed), []
    for i in range(options.kills):
        found.append(f"moment/{experiments[i % len(experiments)]}/{options.seed * 100000 + i}")
    for experiment in experiments:
        calls = bench.calls[experiment]
        points = list(range(1, len(calls) + 1)) if options.points == "all" else sample(calls, chance, 1)
        changing = [i for i, (name, _) in enumerate(calls) if name not in ("read", "pread", "mmap")]
        for number in points:
            error = chance.choice(ERRORS)
            found.append(f"fault/{experiment}/{number}/{error}" + ("/lasting" if error != "short" and chance.random() < 0.3 else ""))
        numbers = range(1, len(changing) + 1) if options.points == "all" else sample([calls[i] for i in changing], chance, 1)
        found += [f"{chance.choice(['kill', 'tear'])}/{experiment}/{n}" for n in numbers]
    from scenarios import scenarios
    found += [f"scenario/{experiments[i % len(experiments)]}/{name}" for i, name in enumerate(scenarios)]
    if options.points not in ("all", "some"):
        # A slice: as many of each kind as asked for, spread evenly.
        kinds = {}
        for name in found:
            kinds.setdefault(name.split("/")[0], []).append(name)
        most = int(options.points)
        found = kinds.pop("moment", [])
        for names in kinds.values():
            count = min(most, len(names))
            found += [names[i * len(names) // count] for i in range(count)]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, ".build/release/overtone"))
    parser.add_argument("--kills", type=int, default=200, help="runs that get signals at random moments")
    parser.add_argument("--points", default="300", help="'all' calls, 'some' (both hours), or how many of each kind")
    parser.add_argument("--experiments", default=",".join(EXPERIMENTS))
    parser.add_argument("--kinds", default="", help="only these kinds of cases, such as kill,tear")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", action="append", help="only this case")
    parser.add_argument("--folder", help="where runs are made; a memory file system is fast")
    options = parser.parse_args()
    base = options.folder or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    folder = tempfile.mkdtemp(prefix="torture-", dir=base)
    bench, start = Bench(os.path.abspath(options.program), folder), time.monotonic()
    experiments = [c.split("/")[1] for c in options.case] if options.case else options.experiments.split(",")
    for experiment in dict.fromkeys(experiments):
        bench.prepare(experiment)
        print(f"{experiment}: {len(bench.calls[experiment])} calls, {bench.seconds[experiment]:.1f} s", flush=True)
    names = options.case or cases(bench, options, experiments)
    if options.kinds:
        names = [name for name in names if name.split("/")[0] in options.kinds.split(",")]
    print(f"{len(names)} cases, seed {options.seed}, {options.jobs} at once", flush=True)
    counts, failures, lock = {}, [], threading.Lock()

    def one(name):
        try:
            outcome = bench.case(name)
        except Failure as failure:
            outcome = "FAILED"
            with lock:
                failures.append(str(failure))
            print(failure, flush=True)
        with lock:
            key = (name.split("/")[0], outcome)
            counts[key] = counts.get(key, 0) + 1

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, names))
    kinds = dict.fromkeys(kind for kind, _ in counts)
    print("\n| kind | cases | outcomes | failed |\n|---|---:|---|---:|")
    for kind in kinds:
        of = {outcome: n for (k, outcome), n in sorted(counts.items()) if k == kind}
        text = ", ".join(f"{n} {outcome}" for outcome, n in of.items() if outcome != "FAILED")
        print(f"| {kind} | {sum(of.values())} | {text} | {of.get('FAILED', 0)} |")
    print(f"{len(names)} cases in {time.monotonic() - start:.0f} s, {len(failures)} failed")
    if not failures:
        shutil.rmtree(folder)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    sys.path.insert(0, HERE)
    main()
