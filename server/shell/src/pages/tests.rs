use super::*;

fn pages() -> Pages {
    built(|_| {}).unwrap()
}

fn built(change: impl FnOnce(&mut Settings)) -> Result<Pages, PagesFault> {
    let mut settings = crate::config::read(&crate::config::Sources::default()).check().unwrap().pages;
    change(&mut settings);
    Pages::load(&settings, &"https://id.example".parse().unwrap())
}

fn html(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

#[test]
fn every_page_is_made_in_every_language() {
    let pages = pages();
    for (name, view) in sample::views() {
        for language in pages.texts.all() {
            let made = pages.templates.render(&pages, language, &view);
            assert!(made.is_ok(), "{name} in {}: {}", pages.texts.tag(language), templates::brief(&made.unwrap_err()));
        }
    }
}
