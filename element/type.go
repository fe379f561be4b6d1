package element

// TypeOf reads a type as it may stand in input: the names that are written, and the labels of layout models, which are
// mapped to them. depth is the category depth that the label implies, 0 for none.
func TypeOf(label string) (t Type, depth int) {
	switch label {
	case "Section-header", "Field-Name":
		return Title, 0
	case "Headline":
		return Title, 1
	case "Subheadline":
		return Title, 2
	case "Text", "Paragraph", "Abstract", "Threading", "Value", "Link":
		return NarrativeText, 0
	case "List-item", "BulletedText":
		return ListItem, 0
	case "Page-header":
		return Header, 0
	case "Page-footer", "Footnote":
		return Footer, 0
	case "Caption":
		return FigureCaption, 0
	case "Picture", "Figure":
		return Image, 0
	case "Checked", "Unchecked", "CheckBoxChecked", "CheckBoxUnchecked", "RadioButtonChecked", "RadioButtonUnchecked":
		return CheckBox, 0
	}
	return Type(label), 0
}

// Known tells whether t is one of the types that Sluice knows.
func Known(t Type) bool {
	switch t {
	case Title, NarrativeText, ListItem, UncategorizedText, Address, EmailAddress, Table, TableChunk, CompositeElement,
		Header, Footer, Image, CodeSnippet, PageBreak, FigureCaption, Formula, PageNumber, CheckBox, Form,
		FormKeysValues, DocumentData:
		return true
	}
	return false
}
