// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include "kmm_ci_b.h"

int kmm_ci_b_answer(void)
{
	return 42;
}
EXPORT_SYMBOL_GPL(kmm_ci_b_answer);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("What kmm_ci_a needs");
