#include <linux/module.h>

int core_answer(void);

static int __init client_init(void)
{
	return core_answer() == 42 ? 0 : -EINVAL;
}

static void __exit client_exit(void)
{
}

module_init(client_init);
module_exit(client_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("client");
