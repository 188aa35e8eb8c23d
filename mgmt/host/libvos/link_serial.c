/* SPDX-License-Identifier: MIT */
/*
 * link_serial.c - a line that is a terminal: a serial port, a USB adapter, a pseudo-terminal. Raw, eight bits, no
 * parity, one stop bit, no flow control; exclusive, so that a terminal program does not eat half of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "link.h"

static const struct { u32 baud; speed_t speed; } speeds[] = {
	{ 1200, B1200 }, { 2400, B2400 }, { 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 },
	{ 57600, B57600 }, { 115200, B115200 }, { 230400, B230400 }, { 460800, B460800 }, { 921600, B921600 },
	{ 1000000, B1000000 }, { 1500000, B1500000 }, { 2000000, B2000000 }, { 3000000, B3000000 },
	{ 4000000, B4000000 },
};

static bool speed_of(u32 baud, speed_t *speed)
{
	for (size_t i = 0; i < ARRAY_COUNT(speeds); i++)
		if (speeds[i].baud == baud) {
			*speed = speeds[i].speed;
			return true;
		}
	return false;
}

static bool set_up(int fd, speed_t speed)
{
	struct termios line;

	if (tcgetattr(fd, &line) != 0)
		return false;
	cfmakeraw(&line);
	line.c_cflag = (line.c_cflag & ~(tcflag_t)(CSTOPB | CRTSCTS | HUPCL)) | CLOCAL | CREAD;
	line.c_cc[VMIN] = 1;
	line.c_cc[VTIME] = 0;
	return cfsetispeed(&line, speed) == 0 && cfsetospeed(&line, speed) == 0 && tcsetattr(fd, TCSANOW, &line) == 0;
}

int link_serial(const struct host *host, char *why)
{
	speed_t speed;
	int fd;

	if (!speed_of(host->baud, &speed)) {
		snprintf(why, HOST_WHY_BYTES, "this system has no rate of %u baud", host->baud);
		return -1;
	}
	fd = open(host->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && !isatty(fd))
		errno = ENOTTY;
	else if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && ioctl(fd, TIOCEXCL) == 0 && set_up(fd, speed))
		return fd;
	snprintf(why, HOST_WHY_BYTES, "cannot open %.200s: %s", host->path,
		errno == EBUSY || errno == EWOULDBLOCK ? "another program uses it" : strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}
