package pdfium

// Function is one of PDFium's functions, under its C name. See fpdfview.h, fpdf_text.h, fpdf_edit.h, fpdf_annot.h, fpdf_doc.h,
// fpdf_formfill.h and fpdf_structtree.h of PDFium for their parameters.
type Function int

// The functions that are called.
const (
	Malloc Function = iota
	Free
	FPDF_InitLibrary
	FPDF_FILEACCESS_Create
	FPDF_LoadCustomDocument
	FPDF_GetLastError
	FPDF_GetPageCount
	FPDF_LoadPage
	FPDF_ClosePage
	FPDF_GetPageBoundingBox
	FPDFPage_GetRotation
	FPDFPage_CountObjects
	FPDFPage_GetObject
	FPDFText_LoadPage
	FPDFText_ClosePage
	FPDFText_CountChars
	FPDFText_GetUnicode
	FPDFText_CountRects
	FPDFText_GetRect
	FPDFText_GetText
	FPDFText_GetLooseCharBox
	FPDFText_GetFontSize
	FPDFText_GetMatrix
	FPDFText_GetTextObject
	FPDFText_GetCharOrigin
	FPDFText_HasUnicodeMapError
	FPDFTextObj_GetFont
	FPDFTextObj_GetTextRenderMode
	FPDFTextObj_GetFontSize
	FPDFFont_GetBaseFontName
	FPDFFont_GetFlags
	FPDFFont_GetWeight
	FPDFFont_GetItalicAngle
	FPDFFont_GetGlyphWidth
	FPDFFont_GetDescent
	FPDFPageObj_GetType
	FPDFPageObj_GetBounds
	FPDFPageObj_GetMatrix
	FPDFPageObj_GetFillColor
	FPDFPageObj_GetStrokeColor
	FPDFPageObj_GetStrokeWidth
	FPDFPageObj_HasTransparency
	FPDFPageObj_SetIsActive
	FPDFPageObj_GetClipPath
	FPDFPageObj_GetMarkedContentID
	FPDFPageObj_CountMarks
	FPDFPageObj_GetMark
	FPDFPageObjMark_GetName
	FPDFFormObj_CountObjects
	FPDFFormObj_GetObject
	FPDFPath_CountSegments
	FPDFPath_GetPathSegment
	FPDFPath_GetDrawMode
	FPDFPathSegment_GetPoint
	FPDFPathSegment_GetType
	FPDFPathSegment_GetClose
	FPDFClipPath_CountPaths
	FPDFClipPath_CountPathSegments
	FPDFClipPath_GetPathSegment
	FPDFImageObj_GetImagePixelSize
	FPDFImageObj_GetImageFilterCount
	FPDFImageObj_GetImageFilter
	FPDFImageObj_GetImageDataRaw
	FPDFImageObj_GetBitmap
	FPDFImageObj_GetRenderedBitmap
	FPDFLink_Enumerate
	FPDFLink_GetAction
	FPDFLink_GetDest
	FPDFLink_GetAnnotRect
	FPDFAction_GetType
	FPDFAction_GetURIPath
	FPDFAction_GetFilePath
	FPDFDoc_GetJavaScriptActionCount
	FPDFDoc_GetJavaScriptAction
	FPDFDoc_CloseJavaScriptAction
	FPDFJavaScriptAction_GetName
	FPDF_GetPageAAction
	FPDFBookmark_GetFirstChild
	FPDFBookmark_GetNextSibling
	FPDFBookmark_GetAction
	FPDFBookmark_GetTitle
	FPDFAnnot_GetFormAdditionalActionJavaScript
	FPDFDest_GetDestPageIndex
	FPDF_GetFormType
	FPDF_FORMFILLINFO_Create
	FPDFDOC_InitFormFillEnvironment
	FPDFPage_GetAnnotCount
	FPDFPage_GetAnnot
	FPDFPage_CloseAnnot
	FPDFAnnot_GetSubtype
	FPDFAnnot_HasKey
	FPDFAnnot_GetStringValue
	FPDFAnnot_GetFlags
	FPDFAnnot_GetRect
	FPDFAnnot_GetFormFieldType
	FPDFAnnot_GetFormFieldFlags
	FPDFAnnot_GetFormFieldName
	FPDFAnnot_GetFormFieldAlternateName
	FPDFAnnot_GetFormFieldValue
	FPDFAnnot_GetFormFieldExportValue
	FPDFAnnot_IsChecked
	FORM_OnAfterLoadPage
	FORM_OnBeforeClosePage
	FPDFAnnot_GetOptionCount
	FPDFAnnot_GetOptionLabel
	FPDFAnnot_IsOptionSelected
	FPDF_StructTree_GetForPage
	FPDF_StructTree_Close
	FPDF_StructTree_CountChildren
	FPDF_StructTree_GetChildAtIndex
	FPDF_StructElement_GetType
	FPDF_StructElement_GetAltText
	FPDF_StructElement_GetActualText
	FPDF_StructElement_CountChildren
	FPDF_StructElement_GetChildAtIndex
	FPDF_StructElement_GetChildMarkedContentID
	FPDF_StructElement_GetAttributeCount
	FPDF_StructElement_GetAttributeAtIndex
	FPDF_StructElement_Attr_GetValue
	FPDF_StructElement_Attr_GetNumberValue
	FPDFBitmap_CreateEx
	FPDFBitmap_FillRect
	FPDFBitmap_GetBuffer
	FPDFBitmap_GetStride
	FPDFBitmap_GetWidth
	FPDFBitmap_GetHeight
	FPDFBitmap_GetFormat
	FPDFBitmap_Destroy
	FPDF_RenderPageBitmap_Start
	FPDF_RenderPage_Close
	IFSDK_PAUSE_Create
	FPDF_FFLDraw
	count
)

var names = [count]string{
	Malloc:                                      "malloc",
	Free:                                        "free",
	FPDF_InitLibrary:                            "FPDF_InitLibrary",
	FPDF_FILEACCESS_Create:                      "FPDF_FILEACCESS_Create",
	FPDF_LoadCustomDocument:                     "FPDF_LoadCustomDocument",
	FPDF_GetLastError:                           "FPDF_GetLastError",
	FPDF_GetPageCount:                           "FPDF_GetPageCount",
	FPDF_LoadPage:                               "FPDF_LoadPage",
	FPDF_ClosePage:                              "FPDF_ClosePage",
	FPDF_GetPageBoundingBox:                     "FPDF_GetPageBoundingBox",
	FPDFPage_GetRotation:                        "FPDFPage_GetRotation",
	FPDFPage_CountObjects:                       "FPDFPage_CountObjects",
	FPDFPage_GetObject:                          "FPDFPage_GetObject",
	FPDFText_LoadPage:                           "FPDFText_LoadPage",
	FPDFText_ClosePage:                          "FPDFText_ClosePage",
	FPDFText_CountChars:                         "FPDFText_CountChars",
	FPDFText_GetUnicode:                         "FPDFText_GetUnicode",
	FPDFText_CountRects:                         "FPDFText_CountRects",
	FPDFText_GetRect:                            "FPDFText_GetRect",
	FPDFText_GetText:                            "FPDFText_GetText",
	FPDFText_GetLooseCharBox:                    "FPDFText_GetLooseCharBox",
	FPDFText_GetFontSize:                        "FPDFText_GetFontSize",
	FPDFText_GetMatrix:                          "FPDFText_GetMatrix",
	FPDFText_GetTextObject:                      "FPDFText_GetTextObject",
	FPDFText_GetCharOrigin:                      "FPDFText_GetCharOrigin",
	FPDFText_HasUnicodeMapError:                 "FPDFText_HasUnicodeMapError",
	FPDFTextObj_GetFont:                         "FPDFTextObj_GetFont",
	FPDFTextObj_GetTextRenderMode:               "FPDFTextObj_GetTextRenderMode",
	FPDFTextObj_GetFontSize:                     "FPDFTextObj_GetFontSize",
	FPDFFont_GetBaseFontName:                    "FPDFFont_GetBaseFontName",
	FPDFFont_GetFlags:                           "FPDFFont_GetFlags",
	FPDFFont_GetWeight:                          "FPDFFont_GetWeight",
	FPDFFont_GetItalicAngle:                     "FPDFFont_GetItalicAngle",
	FPDFFont_GetGlyphWidth:                      "FPDFFont_GetGlyphWidth",
	FPDFFont_GetDescent:                         "FPDFFont_GetDescent",
	FPDFPageObj_GetType:                         "FPDFPageObj_GetType",
	FPDFPageObj_GetBounds:                       "FPDFPageObj_GetBounds",
	FPDFPageObj_GetMatrix:                       "FPDFPageObj_GetMatrix",
	FPDFPageObj_GetFillColor:                    "FPDFPageObj_GetFillColor",
	FPDFPageObj_GetStrokeColor:                  "FPDFPageObj_GetStrokeColor",
	FPDFPageObj_GetStrokeWidth:                  "FPDFPageObj_GetStrokeWidth",
	FPDFPageObj_HasTransparency:                 "FPDFPageObj_HasTransparency",
	FPDFPageObj_SetIsActive:                     "FPDFPageObj_SetIsActive",
	FPDFPageObj_GetClipPath:                     "FPDFPageObj_GetClipPath",
	FPDFPageObj_GetMarkedContentID:              "FPDFPageObj_GetMarkedContentID",
	FPDFPageObj_CountMarks:                      "FPDFPageObj_CountMarks",
	FPDFPageObj_GetMark:                         "FPDFPageObj_GetMark",
	FPDFPageObjMark_GetName:                     "FPDFPageObjMark_GetName",
	FPDFFormObj_CountObjects:                    "FPDFFormObj_CountObjects",
	FPDFFormObj_GetObject:                       "FPDFFormObj_GetObject",
	FPDFPath_CountSegments:                      "FPDFPath_CountSegments",
	FPDFPath_GetPathSegment:                     "FPDFPath_GetPathSegment",
	FPDFPath_GetDrawMode:                        "FPDFPath_GetDrawMode",
	FPDFPathSegment_GetPoint:                    "FPDFPathSegment_GetPoint",
	FPDFPathSegment_GetType:                     "FPDFPathSegment_GetType",
	FPDFPathSegment_GetClose:                    "FPDFPathSegment_GetClose",
	FPDFClipPath_CountPaths:                     "FPDFClipPath_CountPaths",
	FPDFClipPath_CountPathSegments:              "FPDFClipPath_CountPathSegments",
	FPDFClipPath_GetPathSegment:                 "FPDFClipPath_GetPathSegment",
	FPDFImageObj_GetImagePixelSize:              "FPDFImageObj_GetImagePixelSize",
	FPDFImageObj_GetImageFilterCount:            "FPDFImageObj_GetImageFilterCount",
	FPDFImageObj_GetImageFilter:                 "FPDFImageObj_GetImageFilter",
	FPDFImageObj_GetImageDataRaw:                "FPDFImageObj_GetImageDataRaw",
	FPDFImageObj_GetBitmap:                      "FPDFImageObj_GetBitmap",
	FPDFImageObj_GetRenderedBitmap:              "FPDFImageObj_GetRenderedBitmap",
	FPDFLink_Enumerate:                          "FPDFLink_Enumerate",
	FPDFLink_GetAction:                          "FPDFLink_GetAction",
	FPDFLink_GetDest:                            "FPDFLink_GetDest",
	FPDFLink_GetAnnotRect:                       "FPDFLink_GetAnnotRect",
	FPDFAction_GetType:                          "FPDFAction_GetType",
	FPDFAction_GetURIPath:                       "FPDFAction_GetURIPath",
	FPDFAction_GetFilePath:                      "FPDFAction_GetFilePath",
	FPDFDoc_GetJavaScriptActionCount:            "FPDFDoc_GetJavaScriptActionCount",
	FPDFDoc_GetJavaScriptAction:                 "FPDFDoc_GetJavaScriptAction",
	FPDFDoc_CloseJavaScriptAction:               "FPDFDoc_CloseJavaScriptAction",
	FPDFJavaScriptAction_GetName:                "FPDFJavaScriptAction_GetName",
	FPDF_GetPageAAction:                         "FPDF_GetPageAAction",
	FPDFBookmark_GetFirstChild:                  "FPDFBookmark_GetFirstChild",
	FPDFBookmark_GetNextSibling:                 "FPDFBookmark_GetNextSibling",
	FPDFBookmark_GetAction:                      "FPDFBookmark_GetAction",
	FPDFBookmark_GetTitle:                       "FPDFBookmark_GetTitle",
	FPDFAnnot_GetFormAdditionalActionJavaScript: "FPDFAnnot_GetFormAdditionalActionJavaScript",
	FPDFDest_GetDestPageIndex:                   "FPDFDest_GetDestPageIndex",
	FPDF_GetFormType:                            "FPDF_GetFormType",
	FPDF_FORMFILLINFO_Create:                    "FPDF_FORMFILLINFO_Create",
	FPDFDOC_InitFormFillEnvironment:             "FPDFDOC_InitFormFillEnvironment",
	FPDFPage_GetAnnotCount:                      "FPDFPage_GetAnnotCount",
	FPDFPage_GetAnnot:                           "FPDFPage_GetAnnot",
	FPDFPage_CloseAnnot:                         "FPDFPage_CloseAnnot",
	FPDFAnnot_GetSubtype:                        "FPDFAnnot_GetSubtype",
	FPDFAnnot_HasKey:                            "FPDFAnnot_HasKey",
	FPDFAnnot_GetStringValue:                    "FPDFAnnot_GetStringValue",
	FPDFAnnot_GetFlags:                          "FPDFAnnot_GetFlags",
	FPDFAnnot_GetRect:                           "FPDFAnnot_GetRect",
	FPDFAnnot_GetFormFieldType:                  "FPDFAnnot_GetFormFieldType",
	FPDFAnnot_GetFormFieldFlags:                 "FPDFAnnot_GetFormFieldFlags",
	FPDFAnnot_GetFormFieldName:                  "FPDFAnnot_GetFormFieldName",
	FPDFAnnot_GetFormFieldAlternateName:         "FPDFAnnot_GetFormFieldAlternateName",
	FPDFAnnot_GetFormFieldValue:                 "FPDFAnnot_GetFormFieldValue",
	FPDFAnnot_GetFormFieldExportValue:           "FPDFAnnot_GetFormFieldExportValue",
	FPDFAnnot_IsChecked:                         "FPDFAnnot_IsChecked",
	FORM_OnAfterLoadPage:                        "FORM_OnAfterLoadPage",
	FORM_OnBeforeClosePage:                      "FORM_OnBeforeClosePage",
	FPDFAnnot_GetOptionCount:                    "FPDFAnnot_GetOptionCount",
	FPDFAnnot_GetOptionLabel:                    "FPDFAnnot_GetOptionLabel",
	FPDFAnnot_IsOptionSelected:                  "FPDFAnnot_IsOptionSelected",
	FPDF_StructTree_GetForPage:                  "FPDF_StructTree_GetForPage",
	FPDF_StructTree_Close:                       "FPDF_StructTree_Close",
	FPDF_StructTree_CountChildren:               "FPDF_StructTree_CountChildren",
	FPDF_StructTree_GetChildAtIndex:             "FPDF_StructTree_GetChildAtIndex",
	FPDF_StructElement_GetType:                  "FPDF_StructElement_GetType",
	FPDF_StructElement_GetAltText:               "FPDF_StructElement_GetAltText",
	FPDF_StructElement_GetActualText:            "FPDF_StructElement_GetActualText",
	FPDF_StructElement_CountChildren:            "FPDF_StructElement_CountChildren",
	FPDF_StructElement_GetChildAtIndex:          "FPDF_StructElement_GetChildAtIndex",
	FPDF_StructElement_GetChildMarkedContentID:  "FPDF_StructElement_GetChildMarkedContentID",
	FPDF_StructElement_GetAttributeCount:        "FPDF_StructElement_GetAttributeCount",
	FPDF_StructElement_GetAttributeAtIndex:      "FPDF_StructElement_GetAttributeAtIndex",
	FPDF_StructElement_Attr_GetValue:            "FPDF_StructElement_Attr_GetValue",
	FPDF_StructElement_Attr_GetNumberValue:      "FPDF_StructElement_Attr_GetNumberValue",
	FPDFBitmap_CreateEx:                         "FPDFBitmap_CreateEx",
	FPDFBitmap_FillRect:                         "FPDFBitmap_FillRect",
	FPDFBitmap_GetBuffer:                        "FPDFBitmap_GetBuffer",
	FPDFBitmap_GetStride:                        "FPDFBitmap_GetStride",
	FPDFBitmap_GetWidth:                         "FPDFBitmap_GetWidth",
	FPDFBitmap_GetHeight:                        "FPDFBitmap_GetHeight",
	FPDFBitmap_GetFormat:                        "FPDFBitmap_GetFormat",
	FPDFBitmap_Destroy:                          "FPDFBitmap_Destroy",
	FPDF_RenderPageBitmap_Start:                 "FPDF_RenderPageBitmap_Start",
	FPDF_RenderPage_Close:                       "FPDF_RenderPage_Close",
	IFSDK_PAUSE_Create:                          "IFSDK_PAUSE_Create",
	FPDF_FFLDraw:                                "FPDF_FFLDraw",
}
