"""Answers each line over tcp, and each datagram over udp, with its own host name and what was sent."""

import asyncio
import signal
import socket

PORT = 7000
# Whoever sends it connections learns of the signal at the same time as it does, and needs a moment to stop.
LEAVE_S = 1.0
NAME = socket.gethostname()


async def answer_lines(reader, writer):
    try:
        while line := await reader.readline():
            writer.write(f"{NAME} ".encode() + line)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


class AnswerDatagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.transport.sendto(f"{NAME} ".encode() + data, address)


async def main():
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    await asyncio.start_server(answer_lines, "0.0.0.0", PORT)
    await loop.create_datagram_endpoint(AnswerDatagrams, local_addr=("0.0.0.0", PORT))
    await stopping.wait()
    await asyncio.sleep(LEAVE_S)


asyncio.run(main())
