# SPDX-License-Identifier: ISC
"""Holds one thread of a process until the standard input ends: the others go
on, as when that thread hangs. Argument: the thread."""
import ctypes
import os
import sys

SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                        ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
thread = int(sys.argv[1])


def ptrace(request):
    if libc.ptrace(request, thread, None, None) == -1:
        sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")


ptrace(SEIZE)
ptrace(INTERRUPT)
os.waitpid(thread, WALL)
print("held", flush=True)
sys.stdin.read()
ptrace(DETACH)
