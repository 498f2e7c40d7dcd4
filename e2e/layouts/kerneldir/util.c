int beat_rate(void);

int beat_rate(void)
{
	return 1;
}
