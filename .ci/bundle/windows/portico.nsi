; The installer for Windows: for one person, without an administrator.
;   makensis -DVERSION=26.11.0 -DPAYLOAD=folder -DINTO=file.exe -DICON=portico.ico portico.nsi
; Silent: /S installs, /LOGIN starts Portico at login. The uninstaller keeps the person's data unless it is
; told otherwise by its question or by /REMOVEDATA.

Unicode true
Target amd64-unicode
Name "Portico"
OutFile "${INTO}"
InstallDir "$LOCALAPPDATA\Programs\Portico"
RequestExecutionLevel user
SetCompressor /SOLID lzma
SetDateSave off
ManifestDPIAware true
ManifestSupportedOS all
BrandingText " "

!include MUI2.nsh
!include LogicLib.nsh
!include FileFunc.nsh

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\Portico"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"
!define APPROVED "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
!define WEBVIEW "Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}"

!define MUI_FINISHPAGE_RUN "$INSTDIR\portico.exe"
!define MUI_FINISHPAGE_RUN_TEXT "$(START_NOW)"
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "SimpChinese"
!insertmacro MUI_LANGUAGE "PortugueseBR"
!insertmacro MUI_LANGUAGE "Russian"

LangString START_NOW ${LANG_ENGLISH} "Start Portico"
LangString START_NOW ${LANG_SIMPCHINESE} "启动 Portico"
LangString START_NOW ${LANG_PORTUGUESEBR} "Iniciar o Portico"
LangString START_NOW ${LANG_RUSSIAN} "Запустить Portico"
LangString AT_LOGIN ${LANG_ENGLISH} "Start at login"
LangString AT_LOGIN ${LANG_SIMPCHINESE} "登录时启动"
LangString AT_LOGIN ${LANG_PORTUGUESEBR} "Iniciar com o computador"
LangString AT_LOGIN ${LANG_RUSSIAN} "Запускать при входе в систему"
LangString RUNS ${LANG_ENGLISH} "Portico is running. Choose Quit in its menu, then try again."
LangString RUNS ${LANG_SIMPCHINESE} "Portico 正在运行。请在其菜单中选择退出，然后重试。"
LangString RUNS ${LANG_PORTUGUESEBR} "O Portico está em execução. Escolha Sair no menu dele e tente de novo."
LangString RUNS ${LANG_RUSSIAN} "Portico запущен. Выберите в его меню «Выход» и повторите попытку."
LangString REMOVE_DATA ${LANG_ENGLISH} "Remove your settings, your logs and your session at Qwen from this computer too?"
LangString REMOVE_DATA ${LANG_SIMPCHINESE} "是否同时从此电脑删除您的设置、日志和 Qwen 会话？"
LangString REMOVE_DATA ${LANG_PORTUGUESEBR} "Remover deste computador também suas configurações, registros e sua sessão no Qwen?"
LangString REMOVE_DATA ${LANG_RUSSIAN} "Удалить с этого компьютера также настройки, журналы и сеанс Qwen?"
LangString NO_WEBVIEW ${LANG_ENGLISH} "Portico's windows need WebView2, which is missing here. Microsoft offers it at: https://go.microsoft.com/fwlink/p/?LinkId=2124703"
LangString NO_WEBVIEW ${LANG_SIMPCHINESE} "Portico 的窗口需要 WebView2，但此电脑尚未安装。可从微软下载：https://go.microsoft.com/fwlink/p/?LinkId=2124703"
LangString NO_WEBVIEW ${LANG_PORTUGUESEBR} "As janelas do Portico precisam do WebView2, que falta aqui. A Microsoft o oferece em: https://go.microsoft.com/fwlink/p/?LinkId=2124703"
LangString NO_WEBVIEW ${LANG_RUSSIAN} "Окнам Portico нужен WebView2, которого здесь нет. Его предлагает Microsoft: https://go.microsoft.com/fwlink/p/?LinkId=2124703"

VIProductVersion "${VERSION}.0"
VIAddVersionKey /LANG=${LANG_ENGLISH} ProductName "Portico"
VIAddVersionKey /LANG=${LANG_ENGLISH} CompanyName "The Portico founders"
VIAddVersionKey /LANG=${LANG_ENGLISH} FileDescription "Portico's installer"
VIAddVersionKey /LANG=${LANG_ENGLISH} FileVersion "${VERSION}"
VIAddVersionKey /LANG=${LANG_ENGLISH} LegalCopyright "MIT licence"

; A program that runs can be neither replaced nor removed.
!macro WAIT_FOR_QUIT AGAIN
${AGAIN}:
  ${If} ${FileExists} "$INSTDIR\portico.exe"
    ClearErrors
    FileOpen $0 "$INSTDIR\portico.exe" a
    ${If} ${Errors}
      MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(RUNS)" /SD IDCANCEL IDRETRY ${AGAIN}
      SetErrorLevel 2
      Quit
    ${EndIf}
    FileClose $0
  ${EndIf}
!macroend

; Only what was installed: nobody's other file.
!macro REMOVE_PROGRAM
  RMDir /r "$INSTDIR\_internal"
  Delete "$INSTDIR\portico.exe"
  Delete "$INSTDIR\portico-cli.exe"
  Delete "$INSTDIR\NOTICES.txt"
!macroend

Section "Portico"
  SectionIn RO
  !insertmacro WAIT_FOR_QUIT install_again
  !insertmacro REMOVE_PROGRAM
  SetOutPath "$INSTDIR"
  File /r "${PAYLOAD}/*"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortCut "$SMPROGRAMS\Portico.lnk" "$INSTDIR\portico.exe"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "Portico"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\portico.exe"
  WriteRegStr HKCU "${UNINSTALL}" "Publisher" "The Portico founders"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" $0
  Call TellOfWebView
SectionEnd

Section /o "$(AT_LOGIN)" LOGIN
  WriteRegStr HKCU "${RUN}" "Portico" '"$INSTDIR\portico.exe" --hidden'
SectionEnd

Function .onInit
  ${GetParameters} $R0
  ClearErrors
  ${GetOptions} $R0 "/LOGIN" $R1
  ${IfNot} ${Errors}
    SectionSetFlags ${LOGIN} ${SF_SELECTED}
  ${EndIf}
FunctionEnd

Function TellOfWebView
  ReadRegStr $0 HKLM "SOFTWARE\WOW6432Node\${WEBVIEW}" "pv"
  ${If} $0 == ""
    ReadRegStr $0 HKLM "SOFTWARE\${WEBVIEW}" "pv"
  ${EndIf}
  ${If} $0 == ""
    ReadRegStr $0 HKCU "Software\${WEBVIEW}" "pv"
  ${EndIf}
  ${If} $0 == ""
  ${OrIf} $0 == "0.0.0.0"
    MessageBox MB_OK|MB_ICONINFORMATION "$(NO_WEBVIEW)" /SD IDOK
  ${EndIf}
FunctionEnd

Section "Uninstall"
  !insertmacro WAIT_FOR_QUIT uninstall_again
  ${GetParameters} $R0
  ClearErrors
  ${GetOptions} $R0 "/REMOVEDATA" $R1
  ${If} ${Errors}
    MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "$(REMOVE_DATA)" /SD IDNO IDNO keep
  ${EndIf}
  ; The program knows what the Credential Manager has of the session and the keys.
  ExecWait '"$INSTDIR\portico-cli.exe" forget --yes'
  RMDir /r "$LOCALAPPDATA\portico"
keep:
  !insertmacro REMOVE_PROGRAM
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\Portico.lnk"
  DeleteRegValue HKCU "${RUN}" "Portico"
  DeleteRegValue HKCU "${APPROVED}" "Portico"
  DeleteRegKey HKCU "${UNINSTALL}"
SectionEnd
