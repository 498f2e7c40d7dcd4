/* SPDX-License-Identifier: GPL-2.0 */
int kmm_ci_b_answer(void);
