#!/usr/bin/env python3
# Goal: a service manager's notify socket: prints each datagram on one line.
# usage: notify.py SOCKET
import os, socket, sys

path = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(path)
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)
