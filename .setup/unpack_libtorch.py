"""Unpacks what spinlock needs of the downloaded wheels: libraries, headers, licences."""

import pathlib
import shutil
import sys
import zipfile

wheels, dest, version, flavour = sys.argv[1:]
dest = pathlib.Path(dest)
shutil.rmtree(dest, ignore_errors=True)

CPU = {"libtorch_cpu.so", "libc10.so", "libgomp.so.1", "libcudart.so.13", "libcupti.so.13"}
CUDA = {"libtorch_cuda.so", "libtorch_cuda_linalg.so", "libc10_cuda.so", "libtorch_nvshmem.so"}
kept = CPU | (CUDA if flavour == "cuda" else set())


def target(wheel: str, name: str):
    """Where a member of a wheel goes, or None."""
    base = name.rsplit("/", 1)[-1]
    if not base:
        return None
    if base in kept and "/lib/" in name:
        return dest / "lib" / base
    if flavour == "cuda" and name.startswith("nvidia/") and "/lib/" in name and ".so" in base:
        return dest / "lib" / base
    if name.startswith("torch/include/"):
        return dest / name.removeprefix("torch/")
    if name.startswith("nvidia/cu13/include/") and ("runtime" in wheel or "crt" in wheel):
        return dest / "cuda" / name.removeprefix("nvidia/cu13/")
    if name.startswith("torch-") and "licenses/" in name:
        return dest / "licenses" / base
    return None


for wheel in sorted(pathlib.Path(wheels).glob("*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            out = target(wheel.name, member.filename)
            if out is None:
                continue
            out.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, open(out, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)

missing = kept - {p.name for p in (dest / "lib").iterdir()}
if missing:
    sys.exit(f"the wheels hold no {', '.join(sorted(missing))}; has their layout changed?")
# torch-sys links -ltorch; the real libtorch.so would ask for the CUDA library at load time.
(dest / "lib" / "libtorch.so").write_text("INPUT(-ltorch_cpu)\n")
(dest / "build-version").write_text(version)
(dest / "flavour").write_text(flavour)
