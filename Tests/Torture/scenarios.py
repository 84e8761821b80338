"""Situations that a run meets on shared computers; each is a function of the bench, an experiment and a folder."""
import os, shutil, signal, subprocess, time


def failure(text):
    from __main__ import Failure
    return Failure(text)


def no_locks(bench, experiment, folder):
    """A network file system without locks."""
    status, errors = bench.run(experiment, folder, nolocks=1)
    if status != 0:
        raise failure(f"status {status}: {errors}")
    bench.compare(experiment, folder)
    return "works"


def clock_back(bench, experiment, folder):
    """The time of day goes back by a day while the program runs, and is right again in the next run."""
    status, errors = bench.run(experiment, folder, clock=-86400, at=1500, fault="kill")
    if status not in (0, -signal.SIGKILL):
        raise failure(f"status {status}: {errors}")
    bench.again(experiment, folder)
    return "works"


def refused(bench, experiment, folder, **faults):
    status, errors = bench.run(experiment, folder, **faults)
    if status != 1:
        raise failure(f"status {status}: {errors}")
    bench.ended(status, errors, folder)
    bench.again(experiment, folder)
    return "one sentence"


def read_only(bench, experiment, folder):
    return refused(bench, experiment, folder, at=1, fault="EROFS", lasting=1)


def no_permission(bench, experiment, folder):
    return refused(bench, experiment, folder, at=1, fault="EACCES", lasting=1)


def quota(bench, experiment, folder):
    return refused(bench, experiment, folder, at=700, fault="EDQUOT", lasting=1)


def finished_read_only(bench, experiment, folder):
    """A finished run on a disk that may only be read: nothing is written, or one sentence."""
    bench.again(experiment, folder)
    status, errors = bench.run(experiment, folder, at=1, fault="EROFS", lasting=1)
    bench.ended(status, errors, folder)
    bench.compare(experiment, folder)
    return "one sentence" if status else "works"


def killed(bench, experiment, folder):
    status, errors = bench.run(experiment, folder, at=len(bench.calls[experiment]) // 2, fault="kill")
    if status != -signal.SIGKILL:
        raise failure(f"not killed: {status}: {errors}")


def moved(bench, experiment, folder):
    """Half a run is moved elsewhere, and goes on there."""
    killed(bench, experiment, folder)
    os.makedirs(os.path.join(folder, "elsewhere"))
    os.rename(os.path.join(folder, "Results"), os.path.join(folder, "elsewhere", "Results"))
    bench.again(experiment, os.path.join(folder, "elsewhere"))
    return "works"


def copied(bench, experiment, folder):
    """Half a run is copied, locks and all; both go on by themselves."""
    killed(bench, experiment, folder)
    os.makedirs(os.path.join(folder, "copy"))
    shutil.copytree(os.path.join(folder, "Results"), os.path.join(folder, "copy", "Results"))
    bench.again(experiment, os.path.join(folder, "copy"))
    bench.again(experiment, folder)
    return "works"


def stale(bench, experiment, folder):
    """What a dead process left: a lock file, temporary files, half a line of a journal."""
    killed(bench, experiment, folder)
    for path, _, names in list(os.walk(os.path.join(folder, "Results"))):
        open(os.path.join(path, ".lock"), "a").write("4194303\n")
        for name in ("checkpoint.h5.tmp.4194303", "PROGRESS.tmp", "STATUS.tmp.4194303"):
            if ".lock" in names:
                open(os.path.join(path, name), "w").write("half")
        if "metrics.h5" in names:
            open(os.path.join(path, "metrics.journal"), "a").write("1234abcd\tadd\ttrain\t9.0\tlo")
    bench.again(experiment, folder)
    return "works"


def two_at_once(bench, experiment, folder):
    """The same command twice: one works, the other says so, or waits and finds the work done."""
    both = [subprocess.Popen(bench.command(experiment), cwd=folder, env=bench.environment(""),
                             stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ends = [(process.communicate()[1], process.returncode) for process in both]
    if sorted(status for _, status in ends) not in ([0, 0], [0, 1]):
        raise failure(f"{ends}")
    for errors, status in ends:
        if status == 1 and "another process works on this run" not in errors:
            raise failure(errors)
    bench.compare(experiment, folder)
    return "works"


def removed(bench, experiment, folder):
    """The results folder is removed while the program runs."""
    process = subprocess.Popen(bench.command(experiment), cwd=folder, env=bench.environment(""),
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    results = os.path.join(folder, "Results")
    while process.poll() is None and not any("checkpoint.h5" in names for _, _, names in os.walk(results)):
        time.sleep(0.005)
    shutil.rmtree(results, ignore_errors=True)
    errors = process.communicate()[1]
    if process.returncode not in (0, 1):
        raise failure(f"status {process.returncode}: {errors}")
    if process.returncode == 1:
        bench.ended(1, errors, folder)
    shutil.rmtree(results, ignore_errors=True)
    bench.again(experiment, folder)
    return "one sentence" if process.returncode else "works"


scenarios = {
    "no-locks": no_locks, "clock-back": clock_back, "read-only": read_only, "no-permission": no_permission,
    "quota": quota, "finished-read-only": finished_read_only, "moved": moved, "copied": copied, "stale": stale,
    "two-at-once": two_at_once, "removed": removed,
}
