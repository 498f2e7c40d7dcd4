// SPDX-License-Identifier: Apache-2.0 OR MIT
/* Says now and then that the machine lives. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/workqueue.h>

static unsigned int seconds = 60;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "seconds between two messages");

static void beat(struct work_struct *work);
static DECLARE_DELAYED_WORK(beater, beat);

static void beat(struct work_struct *work)
{
	pr_info("alive\n");
	schedule_delayed_work(&beater, seconds * HZ);
}

static int __init heartbeat_init(void)
{
	if (!seconds)
		return -EINVAL;
	schedule_delayed_work(&beater, 0);
	return 0;
}

static void __exit heartbeat_exit(void)
{
	cancel_delayed_work_sync(&beater);
}

module_init(heartbeat_init);
module_exit(heartbeat_exit);
MODULE_DESCRIPTION("Says now and then that the machine lives");
MODULE_LICENSE("Dual MIT/GPL");
