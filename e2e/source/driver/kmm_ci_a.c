// SPDX-License-Identifier: GPL-2.0
/* Needs kmm_ci_b, so that depmod and modprobe have something to resolve. */
#include <linux/module.h>
#include "sub/dir/kmm_ci_b.h"

static int __init kmm_ci_a_init(void)
{
	pr_info("kmm_ci_a: the answer is %d\n", kmm_ci_b_answer());
	return 0;
}

static void __exit kmm_ci_a_exit(void)
{
}

module_init(kmm_ci_a_init);
module_exit(kmm_ci_a_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Proves that an image holds what its Dockerfile says");
MODULE_VERSION("0");
MODULE_INFO(flavour, KMM_CI_FLAVOUR);
MODULE_INFO(note, KMM_CI_NOTE);
