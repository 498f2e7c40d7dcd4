#include <linux/module.h>

int beat_rate(void);

static int __init beat_init(void)
{
	return beat_rate() > 0 ? 0 : -EINVAL;
}

static void __exit beat_exit(void)
{
}

module_init(beat_init);
module_exit(beat_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("beat");
