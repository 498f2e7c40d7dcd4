//! Sizes of waves.

use std::fmt;

use super::RolloutNode;

/// Number of nodes that have the version after a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaveSize {
    /// This many.
    Nodes(usize),
    /// This percentage of all.
    Percent(usize),
}

/// Wave of an ordered upgrade.
#[derive(Debug)]
pub struct Wave {
    /// Its size as it is asked for.
    pub size: WaveSize,
    /// Number of nodes that have the version after the wave.
    pub end: usize,
    /// Nodes that get the version in the wave.
    pub nodes: Vec<RolloutNode>,
}

/// Number of waves that are planned.
const MOST: usize = 100;

impl WaveSize {
    /// Parses sizes such as `1,10%,100%`.
    ///
    /// # Errors
    /// A lower-case fragment that says the reason.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let sizes = text.split(',').map(|size| Self::parse(size.trim())).collect::<Result<Vec<_>, _>>()?;
        if sizes.len() > MOST {
            return Err(format!("there are {} waves; at most {MOST} are allowed", sizes.len()));
        }
        let pairs = sizes.iter().zip(sizes.iter().skip(1));
        for (before, size) in pairs {
            let is_larger = match (before, size) {
                (Self::Nodes(before), Self::Nodes(size)) | (Self::Percent(before), Self::Percent(size)) => {
                    size > before
                }
                _ => true,
            };
            if !is_larger {
                return Err(format!(
                    "wave `{size}` must be larger than `{before}`: a wave counts all nodes that have the version after it"
                ));
            }
        }
        Ok(sizes)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let shown = text.escape_debug();
        if text.is_empty() {
            return Err("a wave is empty: write sizes such as `1,10%,100%`".to_owned());
        }
        let digits = text.strip_suffix('%').unwrap_or(text);
        let number = digits.parse::<u32>().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let number = number.and_then(|number| usize::try_from(number).ok());
        match (number, text.ends_with('%')) {
            (None, _) => Err(format!("wave `{shown}` is neither a number nor a percentage, such as `1` or `10%`")),
            (Some(number @ 1..=100), true) => Ok(Self::Percent(number)),
            (Some(_), true) => Err(format!("wave `{shown}` must be 1% to 100%")),
            (Some(0), false) => Err(format!("wave `{shown}` must be 1 or more nodes")),
            (Some(number), false) => Ok(Self::Nodes(number)),
        }
    }

    fn of(self, total: usize) -> usize {
        match self {
            Self::Nodes(nodes) => nodes.min(total),
            Self::Percent(percent) => (total * percent).div_ceil(100),
        }
    }
}

impl fmt::Display for WaveSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes(nodes) => write!(f, "{nodes}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// Returns the number of nodes that have the version after each wave.
pub(super) fn ends(sizes: &[WaveSize], total: usize) -> Result<Vec<usize>, String> {
    let ends: Vec<usize> = sizes.iter().map(|size| size.of(total)).collect();
    for ((before, size), (end_before, end)) in
        sizes.iter().zip(sizes.iter().skip(1)).zip(ends.iter().zip(ends.iter().skip(1)))
    {
        if end < end_before {
            return Err(format!(
                "wave `{size}` is {end} of {total} nodes, but the wave before, `{before}`, is {end_before}"
            ));
        }
    }
    Ok(ends)
}
