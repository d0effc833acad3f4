// SPDX-License-Identifier: MIT
#include "gpio-device.h"

int main(int argc, char **argv)
{
	return vhu_daemon_main(&gpio_type, argc, argv);
}
