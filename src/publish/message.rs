//! The message of a commit: kmodgen's own, or what a user's template makes of the same facts.

use minijinja::{Environment, UndefinedBehavior, context};

use super::facts::Facts;
use crate::template::TemplateFault;

/// Bounds the time and memory of a rendering.
const FUEL: u64 = 1_000_000;

/// The longest message: hosts show a part of it, and cut off what is longer.
const LONGEST: usize = 64 << 10;

/// What templates of messages are called in messages about them.
const NAME: &str = "message";

/// A whole message, which ends in one line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(String);

impl Message {
    /// All of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first line.
    pub fn subject(&self) -> &str {
        self.0.lines().next().unwrap_or_default()
    }

    /// What comes after it.
    pub fn body(&self) -> &str {
        self.0.split_once('\n').map_or("", |(_, body)| body).trim_matches('\n')
    }
}

/// The message about some facts, by a template where there is one.
///
/// # Errors
/// A template that is malformed, asks for what is not there, does not end, or says nothing.
pub fn render(template: Option<&str>, facts: &Facts) -> Result<Message, TemplateFault> {
    let (subject, body, trailers) = (facts.subject(), facts.body(), facts.trailers());
    let Some(template) = template else {
        return Ok(Message(format!("{subject}\n\n{body}\n{trailers}")));
    };
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_debug(true);
    let text = environment
        .render_named_str(
            NAME,
            template,
            context! { subject, body, trailers, ..minijinja::Value::from(minijinja::value::Serde(facts)) },
        )
        .map_err(|error| TemplateFault::from_error(&error, NAME))?;
    let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    let wrong = if lines.is_empty() {
        Some("the message is empty")
    } else if text.len() > LONGEST {
        Some("the message is longer than 64 KiB")
    } else if text.contains('\0') {
        Some("the message has a NUL in it")
    } else {
        None
    };
    match wrong {
        None => Ok(Message(lines.join("\n") + "\n")),
        Some(message) => Err(TemplateFault {
            name: NAME.into(),
            text: Some(template.to_owned()),
            range: Some(0..template.len()),
            message: message.into(),
            help: None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::Files;
    use super::*;

    fn facts() -> Facts {
        let files = Files { created: 2, updated: 0, removed: 0 };
        Facts { branch: "main".into(), version: "1.2.3", files, content_hash: "abc".into(), ..Facts::default() }
    }

    #[test]
    fn templates_have_the_same_facts() {
        let text = "{{ subject }} on {{ branch }}  \n\n{% for module in modules %}{{ module.name }}{% endfor %}{{ files.created }} {{ version }}\n{{ trailers }}\n\n";
        let message = render(Some(text), &facts()).unwrap();
        assert_eq!(message.subject(), "kmodgen: 2 files changed on main");
        assert_eq!(message.body(), "2 1.2.3\nKmodgen-Content-Hash: abc\nKmodgen-Version: 1.2.3");
        assert!(message.as_str().ends_with("1.2.3\n"));
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
            let fault = render(Some(text), &facts()).unwrap_err();
            assert!(fault.message.contains(said), "{text}: {}", fault.message);
            assert!(fault.text.is_some(), "{text}");
        }
    }
}
