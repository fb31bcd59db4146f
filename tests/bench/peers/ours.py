"""libhaemnet as a contender: the child process bench_serve, told what to do line by line (its source has the commands)."""
import os
import subprocess


class Skip(Exception):
    """Our side will not do this case, and says why."""


class Server:
    def __init__(self, program, folder, options=(), libraries=None):
        """options: further ones of bench_serve; libraries: where the loader is to look for those of a plug-in."""
        # Threads of the peers' own libraries are none of the child's business.
        env = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "KMP_", "MKL_"))}
        if libraries:
            env["LD_LIBRARY_PATH"] = libraries
        self.child = subprocess.Popen([program, "--folder", folder, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        for line in self.child.stdout:
            if line.strip() == "ready":
                break
        self.device, self.version = self.ask("device").split()
        self.folder = folder

    def ask(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline().strip()
        if answer.startswith("skip "):
            raise Skip(answer[5:])
        if not answer or answer.startswith("error "):
            raise RuntimeError(f"{line}: {answer or 'bench_serve ended'}")
        return answer

    def close(self):
        self.child.stdin.close()
        self.child.wait(timeout=60)


class Ours:
    """One prepared network or file path; run(n) gives the mean seconds of n runs."""

    def __init__(self, server, command):
        self.server = server
        self.name = "libhaemnet " + server.device
        self.version = server.version
        self.flops = float(server.ask(command.replace(" ", " item ", 1)).split()[1])

    def run(self, n):
        return float(self.server.ask(f"run item {n}"))

    def probability(self):
        return float(self.server.ask("probability item"))

    def save(self, path):
        self.server.ask(f"save item {path}")

    def close(self):
        self.server.ask("close item")
