"""Algebraic multigrid of PyAMG, and of AMGCL where `pyamgcl` is installed, beside `ansatz solve --pc amg`, as JSON lines.

    python3 -m venv venv && venv/bin/pip install pyamg          # and pyamgcl, which asks for the headers of Boost and for pybind11
    venv/bin/python benches/peers/amg.py --ansatz target/release/ansatz poisson:255x255 poisson:511x511 A.mtx
    venv/bin/python benches/peers/amg.py poisson:128x128x128 --peer amgcl --ansatz target/release/ansatz --pc multigrid amg

Conjugate gradients preconditioned by smoothed aggregation, for a right-hand side of ones, until ‖b − Ax‖ ≤ RTOL ‖b‖. Each line:
library, problem, unknowns, iterations, setup_seconds, solve_seconds (the best of REPEATS), true_relative_residual.
"""

import argparse
import json
import subprocess
import time

import numpy as np
import pyamg
import scipy.io
import scipy.sparse as sp

REPEATS = 3


def poisson(extents):
    return pyamg.gallery.poisson(tuple(extents), format="csr"), None, 1


def elasticity(extents):
    """Finite elements as `ansatz solve --generate elasticity:…` has them: sums of Kronecker products of matrices in one dimension."""
    axes = len(extents)
    lam, mu = 0.3 / (1.3 * 0.4), 0.5 / 1.3

    def line(n, element, clamped):
        full = sp.lil_matrix((n + clamped, n + clamped))
        for k in range(n + clamped - 1):
            full[k : k + 2, k : k + 2] += element
        return full[clamped:, clamped:].tocsr()

    mass = np.array([[1 / 3, 1 / 6], [1 / 6, 1 / 3]])
    slope = np.array([[-0.5, -0.5], [0.5, 0.5]])
    stiffness = np.array([[1.0, -1.0], [-1.0, 1.0]])

    def gradients(i, j):
        product = sp.identity(1)
        for axis, n in enumerate(extents):
            element = {(True, True): stiffness, (True, False): slope, (False, True): slope.T, (False, False): mass}
            product = sp.kron(line(n, element[axis == i, axis == j], int(axis == 0)), product)
        return product

    shear = sum(gradients(k, k) for k in range(axes))
    block = lambda i, j: lam * gradients(i, j) + mu * (gradients(j, i) + (shear if i == j else 0 * shear))
    a = sp.bmat([[block(i, j) for j in range(axes)] for i in range(axes)], format="csr")
    # From one displacement after the other to all of a node next to each other.
    nodes = int(np.prod(extents))
    order = np.arange(axes * nodes).reshape(axes, nodes).T.ravel()
    a = a[order][:, order].tobsr((axes, axes))
    places = np.meshgrid(*[np.arange(n, dtype=float) for n in reversed(extents)], indexing="ij")
    places = np.stack([place.ravel() for place in reversed(places)], axis=1)
    modes = [np.tile(np.eye(axes)[i], nodes) for i in range(axes)]
    for i in range(axes):
        for j in range(i + 1, axes):
            rotation = np.zeros((nodes, axes))
            rotation[:, i], rotation[:, j] = -places[:, j], places[:, i]
            modes.append(rotation.ravel())
    return a, np.stack(modes, axis=1), axes


def system(text):
    kind, _, size = text.partition(":")
    makers = {"poisson": poisson, "elasticity": elasticity}
    if kind in makers:
        return makers[kind]([int(n) for n in size.split("x")])
    return sp.csr_matrix(scipy.io.mmread(text), dtype=float), None, 1


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def best(setup, solve):
    runs = []
    for _ in range(REPEATS):
        setup_seconds, made = timed(setup)
        solve_seconds, result = timed(lambda: solve(made))
        runs.append((setup_seconds + solve_seconds, setup_seconds, solve_seconds, result))
    return min(runs, key=lambda run: run[0])[1:]


def line(library, problem, a, iterations, setup_seconds, solve_seconds, x):
    b = np.ones(a.shape[0])
    residual = np.linalg.norm(b - a @ x) / np.linalg.norm(b)
    print(json.dumps(dict(library=library, problem=problem, unknowns=a.shape[0], iterations=iterations, setup_seconds=setup_seconds, solve_seconds=solve_seconds, true_relative_residual=residual)), flush=True)


def run_pyamg(problem, a, modes, rtol):
    b = np.ones(a.shape[0])
    residuals = []

    def solve(levels):
        residuals.clear()
        return levels.solve(b, tol=rtol, accel="cg", maxiter=2000, residuals=residuals)

    *seconds, x = best(lambda: pyamg.smoothed_aggregation_solver(a, B=modes), solve)
    line(f"pyamg {pyamg.__version__}", problem, a, len(residuals) - 1, *seconds, x)


def run_amgcl(problem, a, rtol):
    try:
        import pyamgcl
    except ImportError:
        return
    a, b = a.tocsr(), np.ones(a.shape[0])
    cycle = {"coarsening.type": "smoothed_aggregation", "relax.type": "spai0"}
    setup = lambda: pyamgcl.solver(pyamgcl.amg(a, cycle), {"type": "cg", "tol": rtol})
    setup_seconds, solve_seconds, (solver, x) = best(setup, lambda solver: (solver, solver(b)))
    line("amgcl", problem, a, solver.iters, setup_seconds, solve_seconds, x)


def run_ansatz(program, pc, options, problem, rtol):
    source = [problem] if problem.endswith(".mtx") else ["--generate", problem]
    command = [program, "solve", *source, "--pc", pc, "--rtol", str(rtol), "--json", "-", *options.split()]
    fastest = None
    for _ in range(REPEATS):
        answer = subprocess.run(command, capture_output=True, text=True)
        if answer.returncode not in (0, 2):
            print(json.dumps(dict(library="ansatz", problem=problem, error=answer.stderr.strip())), flush=True)
            return
        report = json.loads(answer.stdout)
        keys = ["iterations", "setup_seconds", "solve_seconds", "true_relative_residual", "device", "tier"]
        found = dict(library=f"ansatz, {pc}", problem=problem, unknowns=report["n"], **{key: report[key] for key in keys})
        seconds = found["setup_seconds"] + found["solve_seconds"]
        if fastest is None or seconds < fastest[0]:
            fastest = seconds, found
    print(json.dumps(fastest[1]), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=["poisson:255x255", "poisson:511x511", "poisson:64x64x64", "elasticity:128x128"])
    parser.add_argument("--rtol", type=float, default=1e-8)
    parser.add_argument("--ansatz", help="the program to compare with")
    parser.add_argument("--pc", nargs="+", default=["amg"], help="its preconditioners")
    parser.add_argument("--peer", nargs="+", default=["pyamg", "amgcl"], choices=["pyamg", "amgcl"])
    parser.add_argument("--options", default="", help="further options of the program, as in --options='--device cpu'")
    arguments = parser.parse_args()
    for problem in arguments.problems:
        a, modes, _ = system(problem)
        if "pyamg" in arguments.peer:
            run_pyamg(problem, a, modes, arguments.rtol)
        if "amgcl" in arguments.peer:
            run_amgcl(problem, a, arguments.rtol)
        for pc in arguments.pc if arguments.ansatz else []:
            run_ansatz(arguments.ansatz, pc, arguments.options, problem, arguments.rtol)


if __name__ == "__main__":
    main()
