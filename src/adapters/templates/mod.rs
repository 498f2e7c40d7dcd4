//! Rendering of users' templates in a child process, whose CPU time and memory the system limits.
//!
//! The engine counts instructions and bytes, but values that share parts can be compared, copied or
//! printed in time and memory that no such count foresees. The limits of a process always hold.

mod child;
mod frame;
mod limits;
mod parent;

pub use child::serve;
pub use limits::Limits;
pub use parent::ChildRenderers;
