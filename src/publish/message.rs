//! The message of a commit: kmodgen's own, or what a user's template makes of the same facts.

use minijinja::context;
use minijinja::value::{Serde, Value};

use super::facts::Facts;
use crate::template::{MESSAGE, Renderer, TemplateFault, UserTemplate};

/// The longest message: hosts show a part of it, and cut off what is longer.
const LONGEST: usize = 64 << 10;

/// A whole message, which ends in one line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(String);

impl Message {
    /// Returns the whole message.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first line.
    pub fn subject(&self) -> &str {
        self.0.lines().next().unwrap_or_default()
    }
}

/// Writes the message about some facts, by a template if there is one.
///
/// # Errors
/// A template that is malformed, asks for what is not there, exceeds a limit, or prints nothing.
pub fn render(
    template: Option<&str>,
    facts: &Facts,
    renderer: &mut dyn Renderer,
) -> Result<Message, Vec<TemplateFault>> {
    let (subject, body, trailers) = (facts.subject(), facts.body(), facts.trailers());
    let Some(template) = template else {
        return Ok(Message(format!("{subject}\n\n{body}\n{trailers}")));
    };
    let context = context! { subject, body, trailers, ..Value::from(Serde(facts)) };
    let text = renderer.render(UserTemplate::Message(template), &context)?;
    let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    let wrong = if lines.is_empty() {
        Some("the message is empty")
    } else if text.len() > LONGEST {
        Some("the message is longer than 64 KiB")
    } else if text.contains('\0') {
        Some("the message contains a NUL character")
    } else {
        None
    };
    match wrong {
        None => Ok(Message(lines.join("\n") + "\n")),
        Some(message) => Err(vec![TemplateFault {
            name: MESSAGE.into(),
            text: Some(template.to_owned()),
            range: Some(0..template.len()),
            message: message.into(),
            help: None,
            rule: None,
            limit: false,
        }]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::Files;
    use super::*;
    use crate::template::Templates;
    use crate::testing::World;

    fn facts() -> Facts {
        let files = Files { created: 2, updated: 0, removed: 0 };
        Facts { branch: "main".into(), version: "1.2.3", files, content_hash: "abc".into(), ..Facts::default() }
    }

    fn render(template: Option<&str>, facts: &Facts) -> Result<Message, Vec<TemplateFault>> {
        let mut renderer = Templates::new(1, std::sync::Arc::new(World::small().files));
        super::render(template, facts, &mut renderer)
    }

    #[test]
    fn templates_have_the_same_facts() {
        let text = "{{ subject }} on {{ branch }}  \n\n{% for module in modules %}{{ module.name }}{% endfor %}{{ files.created }} {{ version }}\n{{ trailers }}\n\n";
        let message = render(Some(text), &facts()).unwrap();
        assert_eq!(message.subject(), "kmodgen: 2 files changed on main");
        let body = "\n\n2 1.2.3\nKmodgen-Content-Hash: abc\nKmodgen-Version: 1.2.3\n";
        assert!(message.as_str().ends_with(body), "{message:?}");
    }

    #[test]
    fn wrong_templates_are_told_of() {
        for (text, said) in [
            ("{{ nothing }}", "undefined"),
            ("  \n", "empty"),
            ("{% for x in range(100000) %}{% for y in range(100000) %}.{% endfor %}{% endfor %}", "does not end"),
            ("{{ subject", "expected"),
            ("a\0b", "NUL"),
        ] {
            let fault = render(Some(text), &facts()).unwrap_err().remove(0);
            assert!(fault.message.contains(said), "{text}: {}", fault.message);
            assert!(fault.text.is_some(), "{text}");
        }
    }
}
