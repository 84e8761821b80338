#!/usr/bin/env python3
"""Shows that the comparisons with the papers' own numbers notice a wrong number, and a file that is missing.

Every file of Tests/Fixtures is copied, and in each copy one number of one data set is made 1.01 times as large; the
tests must fail and name every file with its data set. Then one file is left out; the tests must fail and name it.

    python3 Tests/doctored-fixtures.py        needs h5py, and a build: swift build -c release --build-tests
"""
import os, shutil, subprocess, sys, tempfile

import h5py
import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
SUITES = "Reference|Parity|NoiseSchedule|LowPass|Spectrum|Optimizer|TruncatedNormal|MultiScale|Autoencoder"


def numbers(file):
    """Names of data sets of real numbers; first those that say how exact they are, which are results and not inputs."""
    results, others = [], []

    def look(name, item):
        if isinstance(item, h5py.Dataset) and item.dtype.kind == "f":
            (results if "f32_vs_f64_max_abs" in item.attrs else others).append(name)

    file.visititems(look)
    return results or others[::-1]


def doctored(path, skip=0):
    """Changes the largest number of one data set; gives its name, None where there is none to change."""
    with h5py.File(path, "r+") as file:
        for name in numbers(file)[skip:]:
            values = file[name][()]
            flat = values.reshape(-1)
            if flat.size and numpy.isfinite(flat).all() and abs(flat).max() > 0:
                flat[abs(flat).argmax()] *= 1.01
                file[name][...] = values
                return name
    return None


def test(folder):
    command = ["swift", "test", "-c", "release", "-Xcc", "-march=native", "--skip-build", "--filter", SUITES]
    run = subprocess.run(
        command, cwd=os.path.dirname(HERE), env={**os.environ, "OVERTONE_FIXTURES": folder}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.returncode, run.stdout


def main():
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        changed = {}
        for name in sorted(os.listdir(os.path.join(HERE, "Fixtures"))):
            path = shutil.copy(os.path.join(HERE, "Fixtures", name), folder)
            changed[name] = doctored(path)
        status, said = test(folder)
        if status == 0:
            wrong.append("all tests pass with wrong numbers")
        for name, dataset in changed.items():
            # An input that is wrong in the same way for both sides is not noticed: others are tried.
            for skip in range(1, 20):
                if f"{os.path.join(folder, name)} {dataset}:" in said or dataset is None:
                    break
                path = shutil.copy(os.path.join(HERE, "Fixtures", name), folder)
                dataset = doctored(path, skip)
                said = test(folder)[1]
            else:
                wrong.append(f"{name}: nobody noticed a wrong number, last in '{dataset}'")
                continue
            print(f"{name}: the wrong number in '{dataset}' was noticed")
        for name in changed:
            shutil.copy(os.path.join(HERE, "Fixtures", name), folder)
        os.remove(os.path.join(folder, "schedule.h5"))
        status, said = test(folder)
        if status == 0 or "schedule.h5: there is no such file." not in said:
            wrong.append("schedule.h5: nobody noticed that the file is missing")
        else:
            print("schedule.h5: that the file is missing was noticed")
    for line in wrong:
        print(line)
    sys.exit(1 if wrong else 0)


main()
